// Pictures made of worse copies: what is known is kept, and the rest comes nearer to what it was.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"

namespace latentdial::detail {
namespace {

const Image& original() {
  static const Image made = [] {
    Settings s;
    s.prompt = "a castle by the lake";
    s.seed = 5;
    s.steps = 20;
    return pipeline().generate(s).image;
  }();
  return made;
}

template <class Value>
Image image_of(int width, int height, const Value& value) {
  Image image{.width = width, .height = height, .rgb = {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        image.rgb.push_back(
            static_cast<std::uint8_t>(std::clamp(std::nearbyint(value(x, y, c)), 0.0, 255.0)));
  return image;
}

double at(const Image& image, int x, int y, int c) {
  x = std::clamp(x, 0, image.width - 1);
  y = std::clamp(y, 0, image.height - 1);
  return image.rgb[static_cast<std::size_t>(3 * (y * image.width + x) + c)];
}

double brightness(const Image& image, int x, int y) {
  return 0.299 * at(image, x, y, 0) + 0.587 * at(image, x, y, 1) + 0.114 * at(image, x, y, 2);
}

Image grey(const Image& image) {
  return image_of(image.width, image.height, [&](int x, int y, int) { return brightness(image, x, y); });
}

Image halved(const Image& image) {
  return image_of(image.width / 2, image.height / 2, [&](int x, int y, int c) {
    return (at(image, 2 * x, 2 * y, c) + at(image, 2 * x + 1, 2 * y, c) + at(image, 2 * x, 2 * y + 1, c) +
            at(image, 2 * x + 1, 2 * y + 1, c)) /
           4;
  });
}

Image doubled(const Image& image) {
  return image_of(2 * image.width, 2 * image.height,
                  [&](int x, int y, int c) { return at(image, x / 2, y / 2, c); });
}

Image blurred(const Image& image, double sigma) {
  return image_of(image.width, image.height, [&](int x, int y, int c) {
    double sum = 0, total = 0;
    for (int dy = -6; dy <= 6; ++dy) {
      for (int dx = -6; dx <= 6; ++dx) {
        const double weight = std::exp(-0.5 * (dx * dx + dy * dy) / (sigma * sigma));
        sum += weight * at(image, x + dx, y + dy, c);
        total += weight;
      }
    }
    return sum / total;
  });
}

double distance(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::pow(static_cast<double>(a.rgb[i]) - b.rgb[i], 2);
  return std::sqrt(sum / static_cast<double>(a.rgb.size()));
}

int largest_difference(const Image& a, const Image& b) {
  int largest = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  return largest;
}

Request restored(const std::string& what, const Image& copy) {
  Request request;
  request.settings.prompt = "a castle by the lake";
  request.settings.restore = what;
  request.settings.seed = 1;
  request.settings.steps = 20;
  request.settings.sampler = "dpm++2m";
  request.images.start = InputImage(copy);
  return request;
}

TEST(Restore, ColoursAGreyPictureOnItsOwnBrightness) {
  const Image copy = grey(original());
  const Image made = make(pipeline(), {restored("colorize", copy)}).first[0].image;
  EXPECT_LE(largest_difference(grey(made), copy), 1);
  EXPECT_LT(distance(made, original()), 0.8 * distance(copy, original()));
}

TEST(Restore, EnlargesToWhatAveragesToTheSmallOne) {
  const Image copy = halved(original());
  const Image made = make(pipeline(), {restored("upscale", copy)}).first[0].image;
  ASSERT_EQ(made.width, original().width);
  EXPECT_LE(largest_difference(halved(made), copy), 1);
  EXPECT_LT(distance(made, original()), 0.9 * distance(doubled(copy), original()));
}

TEST(Restore, SharpensToWhatIsBlurredToTheSame) {
  const Image copy = blurred(original(), 1.5);
  Request request = restored("deblur", copy);
  request.settings.blur_sigma = 1.5;
  const Image made = make(pipeline(), {request}).first[0].image;
  EXPECT_LT(distance(blurred(made, 1.5), copy), 2);
  EXPECT_LT(distance(made, original()), 0.7 * distance(copy, original()));
}

TEST(Restore, KeepsAnySize) {
  const Image copy = image_of(51, 37, [](int x, int y, int) { return 2 * x + 2 * y; });
  const auto [width, height] = [&] {
    const Image made = make(pipeline(), {restored("colorize", copy)}).first[0].image;
    return std::pair{made.width, made.height};
  }();
  EXPECT_EQ(width, 51);
  EXPECT_EQ(height, 37);
}

/// Mean step between neighbours across some lines, which are multiples of 8, of rows and columns.
double step_across(const Image& image, const std::vector<int>& lines) {
  double sum = 0, count = 0;
  for (const int line : lines)
    for (int i = 0; i < std::min(image.width, image.height); ++i)
      for (int c = 0; c < 3; ++c, count += 2)
        sum += std::abs(at(image, line, i, c) - at(image, line - 1, i, c)) +
               std::abs(at(image, i, line, c) - at(image, i, line - 1, c));
  return sum / count;
}

TEST(Restore, DrawsWhatIsLargeInTilesThatDoNotShow) {
  // Twice as wide and high as the model's own pictures: tiles of 128 begin at 0, 64 and 128.
  const Image copy = blurred(doubled(original()), 2);
  Request request = restored("deblur", copy);
  request.settings.blur_sigma = 2;
  request.settings.steps = 10;
  request.settings.restore_rounds = 1;
  std::int64_t evaluations = 0;
  Observer observer;
  observer.on_step = [&](const StepProgress& progress) { evaluations = progress.evaluations; };
  const Image made = pipeline().generate(request, observer).image;
  ASSERT_EQ(made.width, 256);
  EXPECT_EQ(evaluations % 9, 0) << "nine tiles are looked at in each step";
  EXPECT_LT(distance(blurred(made, 2), copy), 2);
  std::vector<int> others;
  for (int line = 8; line < 256; line += 8)
    if (line != 64 && line != 128 && line != 192) others.push_back(line);
  EXPECT_LT(step_across(made, {64, 128, 192}), 1.25 * step_across(made, others));
}

TEST(Restore, TakesNoMorePixelsThanFit) {
  Request request = restored("upscale", image_of(1200, 1100, [](int, int, int) { return 9; }));
  request.settings.upscale_by = 4;
  EXPECT_NE(refusal(request).find("at most 16 million pixels"), std::string::npos) << refusal(request);
  request.settings.upscale_by = 3;
  EXPECT_EQ(refusal(request), "");
}

TEST(Restore, SaysWhatIsAtOdds) {
  const Image copy = grey(original());
  Request request = restored("deblur", copy);
  EXPECT_NE(refusal(request).find("blur"), std::string::npos) << "no blur is named";
  request.settings.blur_motion = "fast";
  EXPECT_NE(refusal(request).find("LENGTH,ANGLE"), std::string::npos);
  request.settings.blur_motion = "9,30";
  EXPECT_EQ(refusal(request), "");
  request.settings.blur_sigma = 2;
  EXPECT_NE(refusal(request), "") << "two blurs";
  request = restored("colorize", copy);
  request.settings.upscale_by = 3;
  EXPECT_NE(refusal(request).find("upscale"), std::string::npos);
  request = restored("colorize", copy);
  request.settings.width = request.settings.height = 64;
  EXPECT_NE(refusal(request).find("128x128"), std::string::npos);
  request = restored("colorize", copy);
  request.settings.extend_left = 8;
  EXPECT_NE(refusal(request).find("sides"), std::string::npos);
  request = restored("colorize", copy);
  request.settings.to_seed = 3;
  EXPECT_NE(refusal(request).find("other end"), std::string::npos);
  request = restored("sharpen", copy);
  EXPECT_NE(refusal(request).find("colorize"), std::string::npos);
}

}  // namespace
}  // namespace latentdial::detail
