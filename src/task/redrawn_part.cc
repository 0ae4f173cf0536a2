#include "task/redrawn_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace latentdial::detail {
namespace {

constexpr double kBlackBelow = 5.0 / 255;   // What JPEG makes of black.
constexpr double kWhiteFrom = 250.0 / 255;  // What it makes of white.
constexpr double kReach = 2.5;              // Of a Gaussian, in its deviations.
constexpr int kWidestFill = 1 << 10;        // Pixels to a side of what a place is filled from.

std::vector<float> gaussian(double deviation) {
  const int reach = blur_reach(deviation);
  std::vector<float> weights;
  double sum = 0;
  for (int x = -reach; x <= reach; ++x)
    sum += weights.emplace_back(static_cast<float>(std::exp(-0.5 * x * x / (deviation * deviation))));
  for (float& weight : weights) weight = static_cast<float>(weight / sum);
  return weights;
}

/// One pass over lines of `count` values that are `stride` apart; beyond its ends a line goes on as it ends.
void blur_line(const float* in, float* out, std::int64_t count, std::int64_t stride,
               const std::vector<float>& weights) {
  const std::int64_t reach = std::ssize(weights) / 2;
  for (std::int64_t i = 0; i < count; ++i) {
    float sum = 0;
    for (std::int64_t k = -reach; k <= reach; ++k)
      sum += weights[static_cast<std::size_t>(k + reach)] *
             in[std::clamp<std::int64_t>(i + k, 0, count - 1) * stride];
    out[i * stride] = sum;
  }
}

double brightness(const Image& image, std::size_t pixel) {
  return (image.rgb[3 * pixel] + image.rgb[3 * pixel + 1] + image.rgb[3 * pixel + 2]) / (3 * 255.0);
}

/// The mask's brightness.
Tensor to_tensor(const Image& mask) {
  Tensor result = Tensor::empty({1, mask.height, mask.width, 1});
  for (std::size_t i = 0; i < result.values().size(); ++i)
    result.values()[i] = is_named(mask, i) ? static_cast<float>(brightness(mask, i)) : 0.0F;
  return result;
}

/// Sums over rectangles of a picture in constant time, of three colours and a weight each.
class SummedArea {
 public:
  SummedArea(const Image& image, const Tensor& strengths)
      : width_(image.width), height_(image.height), sums_(at(width_, height_) + 4) {
    for (int y = 0; y < height_; ++y) {
      double row[4] = {};
      for (int x = 0; x < width_; ++x) {
        const auto pixel =
            static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x);
        const double known = strengths.values()[pixel] == 0 ? 1 : 0;
        for (std::size_t c = 0; c < 4; ++c) {
          row[c] += known * (c < 3 ? image.rgb[3 * pixel + c] : 1);
          sums_[at(x + 1, y + 1) + c] = sums_[at(x + 1, y) + c] + row[c];
        }
      }
    }
  }

  /// Of what lies within `reach` of a place.
  [[nodiscard]] double sum(int x, int y, int reach, std::size_t c) const {
    const int left = std::max(0, x - reach), right = std::min(width_, x + reach + 1);
    const int top = std::max(0, y - reach), bottom = std::min(height_, y + reach + 1);
    return sums_[at(right, bottom) + c] - sums_[at(left, bottom) + c] - sums_[at(right, top) + c] +
           sums_[at(left, top) + c];
  }

 private:
  [[nodiscard]] std::size_t at(int x, int y) const {
    return 4 * (static_cast<std::size_t>(y) * (static_cast<std::size_t>(width_) + 1) +
                static_cast<std::size_t>(x));
  }

  int width_, height_;
  std::vector<double> sums_;
};

}  // namespace

int blur_reach(double blur) {
  return static_cast<int>(kReach * blur + 0.5);
}

Tensor blurred(const Tensor& values, double deviation) {
  if (deviation <= 0) return values;
  const auto weights = gaussian(deviation);
  const std::int64_t height = values.dim(1), width = values.dim(2);
  Tensor rows = Tensor::empty(values.shape()), result = Tensor::empty(values.shape());
  for (std::int64_t y = 0; y < height; ++y)
    blur_line(&values.values()[static_cast<std::size_t>(y * width)],
              &rows.values()[static_cast<std::size_t>(y * width)], width, 1, weights);
  for (std::int64_t x = 0; x < width; ++x)
    blur_line(&rows.values()[static_cast<std::size_t>(x)], &result.values()[static_cast<std::size_t>(x)],
              height, width, weights);
  return result;
}

bool is_named(const Image& mask, std::size_t pixel) {
  return brightness(mask, pixel) >= kBlackBelow;
}

Tensor named_pixels(const Image& mask) {
  Tensor named = Tensor::empty({1, mask.height, mask.width, 1});
  for (std::size_t i = 0; i < named.values().size(); ++i) named.values()[i] = is_named(mask, i) ? 1.0F : 0.0F;
  return named;
}

Tensor redrawn_strengths(const Image& mask, double blur) {
  return blurred(to_tensor(mask), blur);
}

Tensor most_of_squares(const Tensor& strengths, int scale) {
  const std::int64_t height = strengths.dim(1) / scale, width = strengths.dim(2) / scale;
  Tensor most = Tensor::zeros({1, height, width, 1});
  for (std::int64_t y = 0; y < height * scale; ++y)
    for (std::int64_t x = 0; x < width * scale; ++x) {
      float& place = most.values()[static_cast<std::size_t>(y / scale * width + x / scale)];
      place = std::max(place, strengths.values()[static_cast<std::size_t>(y * strengths.dim(2) + x)]);
    }
  return most;
}

Tensor redrawn_places(const RedrawnPart& part, int scale) {
  return most_of_squares(redrawn_strengths(part.mask->image(), part.blur), scale);
}

std::vector<std::string> part_notices(const RedrawnPart& part) {
  if (!part.mask) return {};
  const InputImage& mask = part.cut_out ? part.cut_out->mask : *part.mask;
  for (std::size_t i = 0; i < mask.image().rgb.size() / 3; ++i)
    if (!is_named(mask.image(), i)) return {};
  return {fmt::format("{} is black nowhere: the whole picture is redrawn", mask.name())};
}

Image without_redrawn_whole(const Image& start, const Image& mask) {
  Tensor whole = to_tensor(mask);
  for (float& strength : whole.values()) strength = strength >= kWhiteFrom ? 1.0F : 0.0F;
  return filled_from_around(start, whole);
}

Image filled_from_around(const Image& start, const Tensor& strengths) {
  const SummedArea known(start, strengths);
  Image result = start;
  for (int y = 0; y < start.height; ++y)
    for (int x = 0; x < start.width; ++x) {
      const auto pixel =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(start.width) + static_cast<std::size_t>(x);
      if (strengths.values()[pixel] == 0) continue;
      int reach = 1;
      while (reach < kWidestFill && known.sum(x, y, reach, 3) < 2 * reach) reach *= 2;
      const double count = known.sum(x, y, reach, 3);
      for (std::size_t c = 0; c < 3 && count > 0; ++c)
        result.rgb[3 * pixel + c] = static_cast<std::uint8_t>(std::lround(known.sum(x, y, reach, c) / count));
    }
  return result;
}

}  // namespace latentdial::detail
