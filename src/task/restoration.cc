#include "task/restoration.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <locale>
#include <map>
#include <numbers>
#include <numeric>
#include <sstream>
#include <utility>

#include "image/area.h"
#include "image/formats.h"
#include "task/canvas.h"
#include "text/require.h"

namespace latentdial::detail {
namespace {

using Lost = Restoration::Lost;

constexpr double kBeyondSigma = 3;  // Where a Gaussian ends.

Lost lost_of(const Settings& s) {
  if (s.restore == "upscale") return Lost::size;
  return s.restore == "deblur" ? Lost::sharpness : Lost::colors;
}

BlurPass normalised(BlurPass pass) {
  const float sum = std::accumulate(pass.taps.begin(), pass.taps.end(), 0.0F,
                                    [](float total, const auto& tap) { return total + tap.weight; });
  for (auto& tap : pass.taps) tap.weight /= sum;
  return pass;
}

/// A Gaussian, along a row and then along a column.
std::vector<BlurPass> gaussian(double sigma) {
  const int reach = static_cast<int>(std::ceil(kBeyondSigma * sigma));
  BlurPass along_row, along_column;
  for (int d = -reach; d <= reach; ++d) {
    const auto weight = static_cast<float>(std::exp(-0.5 * d * d / (sigma * sigma)));
    along_row.taps.push_back({d, 0, weight});
    along_column.taps.push_back({0, d, weight});
  }
  return {normalised(along_row), normalised(along_column)};
}

/// The length and the angle of "LENGTH,ANGLE"; nothing where it is not that.
std::pair<double, double> read_motion(const std::string& text) {
  double length = 0, angle = 0;
  char comma = 0;
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  require(static_cast<bool>(in >> length >> comma >> angle) && comma == ',' && in.peek() == EOF &&
              length > 1 && length <= 100 && std::isfinite(angle),
          "blur_motion", "\"{}\" is not LENGTH,ANGLE, as in 9,30: pixels, over 1 and up to 100, and degrees",
          text);
  return {length, angle};
}

/// A line through the middle, each of whose points is shared between the four pixels around it.
std::vector<BlurPass> motion(double length, double degrees) {
  constexpr int kPointsPerPixel = 4;
  const double angle = degrees * std::numbers::pi / 180;
  const int points = static_cast<int>(std::ceil(length * kPointsPerPixel));
  std::map<std::pair<int, int>, float> weights;
  for (int i = 0; i <= points; ++i) {
    const double along = length * (static_cast<double>(i) / points - 0.5);
    const double x = along * std::cos(angle), y = -along * std::sin(angle);  // Degrees go against the clock.
    const int left = static_cast<int>(std::floor(x)), top = static_cast<int>(std::floor(y));
    for (const int dy : {0, 1})
      for (const int dx : {0, 1})
        weights[{left + dx, top + dy}] +=
            static_cast<float>((1 - std::abs(x - left - dx)) * (1 - std::abs(y - top - dy)));
  }
  BlurPass pass;
  for (const auto& [at, weight] : weights)
    if (weight > 0) pass.taps.push_back({at.first, at.second, weight});
  return {normalised(std::move(pass))};
}

/// The grey values of a picture, about the middle of what a point of light became.
BlurPass kernel_of(const InputImage& kernel, const Image& blurred) {
  constexpr int kMost = 65;
  const Image& image = kernel.image();
  require(std::max(image.width, image.height) <= kMost, "blur_kernel",
          "{} is {}x{}; the kernel of a blur has sides of at most {}", kernel.name(), image.width,
          image.height, kMost);
  require(image.width <= blurred.width && image.height <= blurred.height, "blur_kernel",
          "{} is {}x{}, larger than the picture that it blurred, which is {}x{}", kernel.name(), image.width,
          image.height, blurred.width, blurred.height);
  require(is_grey(image), "blur_kernel", "{} is coloured; the kernel of a blur is grey", kernel.name());
  BlurPass pass;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const auto pixel = static_cast<std::size_t>(y * image.width + x);
      // A pixel is lit by what lies on the other side of it.
      if (image.rgb[3 * pixel] > 0)
        pass.taps.push_back(
            {image.width / 2 - x, image.height / 2 - y, static_cast<float>(image.rgb[3 * pixel])});
    }
  require(!pass.taps.empty(), "blur_kernel", "{} is black everywhere, so nothing of a picture would be left",
          kernel.name());
  return normalised(std::move(pass));
}

}  // namespace

bool restores(const Settings& settings) {
  return !settings.restore.empty();
}

void check_restoration(const Request& request) {
  const Settings& s = request.settings;
  const bool deblurs = s.restore == "deblur", enlarges = s.restore == "upscale";
  require(deblurs || s.blur_sigma == 0, "blur_sigma", "only @(restore) deblur undoes a blur");
  require(deblurs || s.blur_motion.empty(), "blur_motion", "only @(restore) deblur undoes a blur");
  require(deblurs || !request.has_kernel(), "blur_kernel", "only @(restore) deblur undoes a blur");
  require(enlarges || !s.upscale_by, "upscale_by", "only @(restore) upscale enlarges");
  require(enlarges || request.has_reference() || !s.noise_level, "noise_level",
          "only @(restore) upscale enlarges, and no @(reference) is given");
  if (!restores(s)) return;
  require(request.has_start(), "image", "no picture is given; say which is to be restored");
  require(s.restore != "colorize" || s.strength == Settings{}.strength || s.strength == 1, "strength",
          "colours are drawn from noise alone, so {} has no meaning; leave it out", s.strength);
  const int blurs =
      (s.blur_sigma > 0 ? 1 : 0) + (s.blur_motion.empty() ? 0 : 1) + (request.has_kernel() ? 1 : 0);
  require(!deblurs || blurs == 1, "blur_sigma",
          "say by it, by @(blur_motion) or by @(blur_kernel) how the picture was blurred, by one of them");
  if (!s.blur_motion.empty()) (void)read_motion(s.blur_motion);
  require(s.style.empty(), "style", "a restored picture has no dial; restore it first");
  require(!s.invert, "invert", "a restored picture is drawn anew; leave it out");
  require(!request.has_part(), request.has_mask() ? "mask" : "redraw_words",
          "a restored picture is drawn whole; leave it out");
  require(!extends(s), extended_side(s), "a restored picture keeps its sides; leave it out");
  require(s.to_prompt.empty() && s.to_seed < 0, s.to_seed < 0 ? "to_prompt" : "to_seed",
          "a restored picture has no other end; leave it out");
  require(!request.has_other_reference(), "to_reference",
          "a restored picture has no other end; leave it out");
}

PictureSize restored_size(const Settings& s, const Image& copy, int multiple) {
  const int by = lost_of(s) == Lost::size ? s.upscale_by.value() : 1;
  return {by * round_up(copy.width, multiple), by * round_up(copy.height, multiple)};
}

Restoration restoration_of(const Settings& s, const InputImage& copy, int multiple,
                           const std::optional<InputImage>& kernel) {
  const Lost lost = lost_of(s);
  const int by = lost == Lost::size ? s.upscale_by.value() : 1;
  const Image& given = copy.image();
  Restoration result{.lost = lost,
                     .known = InputImage(continued(given, 0, 0, round_up(given.width, multiple),
                                                   round_up(given.height, multiple)),
                                         copy.name()),
                     .width = by * given.width,
                     .height = by * given.height,
                     .by = by,
                     .rounds = s.restore_rounds};
  if (lost != Lost::sharpness) return result;
  if (kernel) {
    result.blur = {kernel_of(*kernel, given)};
  } else if (s.blur_motion.empty()) {
    result.blur = gaussian(s.blur_sigma);
  } else {
    const auto [length, angle] = read_motion(s.blur_motion);
    result.blur = motion(length, angle);
  }
  return result;
}

}  // namespace latentdial::detail
