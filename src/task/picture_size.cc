#include "task/picture_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "task/canvas.h"

namespace latentdial::detail {
namespace {

constexpr double kLongest = 3;      // Of a side, by the other.
constexpr int kMostOfOwnSize = 2;   // Larger pictures show a scene several times, or none.
constexpr double kLeastCut = 0.03;  // Nobody misses less; sides are multiples, so something is always cut.

/// How much of a picture is cut off where another shape is filled with it.
double cut_off(const Image& image, int width, int height) {
  const double shape = static_cast<double>(image.width) / image.height,
               other = static_cast<double>(width) / height;
  return 1 - std::min(shape / other, other / shape);
}

std::string cut_notice(const Image& start, const Settings& s, const ModelInfo& model, int multiple) {
  const double cut = cut_off(start, s.width, s.height);
  const PictureSize own = size_like(start.width, start.height, model, multiple);
  if (cut < kLeastCut || cut <= cut_off(start, own.width, own.height)) return "";
  return fmt::format("the start image is {}x{}: at {}x{} {:.0f} % of it is cut off; {}x{} has its shape",
                     start.width, start.height, s.width, s.height, 100 * cut, own.width, own.height);
}

}  // namespace

PictureSize size_like(int width, int height, const ModelInfo& model, int multiple, double most_of_own) {
  const double shape = std::clamp(static_cast<double>(width) / height, 1 / kLongest, kLongest);
  const double own = static_cast<double>(model.width) * model.height;
  const double pixels = own * std::clamp(static_cast<double>(width) * height / own, 1.0, most_of_own);
  const auto side = [&](double length) {
    return multiple * std::max(1, static_cast<int>(std::lround(length / multiple)));
  };
  return {side(std::sqrt(pixels * shape)), side(std::sqrt(pixels / shape))};
}

std::vector<Tile> tiles_to_draw(const PictureSize& size, const ModelInfo& model, int multiple) {
  const double own = static_cast<double>(model.width) * model.height;
  if (static_cast<double>(size.width) * size.height <= kMostOfOwnPixels * own) return {};
  return tiles_of(size.height / multiple, size.width / multiple, model.height / multiple,
                  model.width / multiple);
}

std::vector<std::string> size_notices(const Request& request, const ModelInfo& model, int multiple) {
  const Settings& s = request.settings;
  std::vector<std::string> notices;
  if (s.width > kMostOfOwnSize * model.width || s.height > kMostOfOwnSize * model.height)
    notices.push_back(
        fmt::format("{} was trained at {}x{}; at {}x{} it shows no scene, or the same several times",
                    model.name, model.width, model.height, s.width, s.height));
  if (!request.images.start || s.only_masked || extends(s)) return notices;
  const std::string cut = cut_notice(request.images.start->image(), s, model, multiple);
  if (!cut.empty()) notices.push_back(cut);
  return notices;
}

}  // namespace latentdial::detail
