// Pictures that agree with what is known of them, by hand.

#include "session/agreement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

Tensor picture(std::int64_t height, std::int64_t width, const std::vector<float>& rgb) {
  return Tensor::of({1, height, width, 3}, rgb);
}

Restoration restoration(const std::string& name, const Settings& more = {}) {
  Settings settings = more;
  settings.restore = name;
  const InputImage copy(Image{.width = 1, .height = 1, .rgb = {0, 0, 0}});
  return restoration_of(settings, copy, 1);
}

Settings enlarged_twice() {
  Settings settings;
  settings.upscale_by = 2;
  return settings;
}

float luminance(const Tensor& x, std::size_t pixel) {
  const float* rgb = &x.values()[3 * pixel];
  return 0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2];
}

TEST(Agreement, ColoursLieOnTheLuminanceThatIsKnown) {
  const Tensor known = picture(1, 2, {0.2F, 0.2F, 0.2F, 0.9F, 0.9F, 0.9F});
  const Tensor drawn = picture(1, 2, {0.5F, 0, 0, 0.9F, -0.9F, -0.9F});
  const Tensor result = nearest_agreeing(restoration("colorize"), known, drawn, 1);
  EXPECT_NEAR(luminance(result, 0), 0.2F, 1e-6);
  EXPECT_NEAR(result.values()[0] - result.values()[1], 0.5F, 1e-6) << "the colour is as it was drawn";
  EXPECT_NEAR(luminance(result, 1), 0.9F, 1e-6);
  EXPECT_LE(result.values()[3], 1.0F) << "or paler, where it would not fit";
  EXPECT_GT(result.values()[3], result.values()[4]);
}

TEST(Agreement, BlocksAverageToTheSmallPicture) {
  const Tensor known = picture(1, 1, {0.5F, -1, 0.9F});
  const Tensor drawn = picture(2, 2, {0, 0, 0, 0.2F, 0, 1, 0.4F, 0, 1, 0.6F, 0, 0});
  const Tensor result = nearest_agreeing(restoration("upscale", enlarged_twice()), known, drawn, 1);
  for (std::size_t c = 0; c < 3; ++c) {
    float sum = 0;
    for (std::size_t pixel = 0; pixel < 4; ++pixel) sum += result.values()[3 * pixel + c];
    EXPECT_NEAR(sum / 4, known.values()[c], 1e-5) << c;
  }
  EXPECT_NEAR(result.values()[3] - result.values()[0], 0.2F, 1e-6) << "what was drawn within it stays";
}

TEST(Agreement, APointThatWasBlurredIsAPointAgain) {
  Settings settings;
  settings.blur_sigma = 1;
  const auto lost = restoration("deblur", settings);
  ASSERT_EQ(lost.blur.size(), 2u);
  const auto& along_row = lost.blur[0].taps;
  const int reach = static_cast<int>(along_row.size() / 2), side = 2 * reach + 1;
  Tensor known = Tensor::zeros({1, side, side, 3}), drawn = Tensor::zeros({1, side, side, 3});
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      for (int c = 0; c < 3; ++c)
        known.values()[static_cast<std::size_t>(3 * (y * side + x) + c)] =
            along_row[static_cast<std::size_t>(y)].weight * along_row[static_cast<std::size_t>(x)].weight;
  const auto middle = static_cast<std::size_t>(3 * (reach * side + reach));
  const Tensor found = nearest_agreeing(lost, known, drawn, 1e4);
  EXPECT_GT(found.values()[middle], 3 * known.values()[middle]);
  drawn.values()[middle] = drawn.values()[middle + 1] = drawn.values()[middle + 2] = 1;
  const Tensor kept = nearest_agreeing(lost, known, drawn, 1e4);
  for (std::size_t i = 0; i < kept.values().size(); ++i)
    EXPECT_NEAR(kept.values()[i], drawn.values()[i], 1e-4) << "what agrees already is left alone";
}

TEST(Agreement, AMovementIsALine) {
  Settings settings;
  settings.blur_motion = "5,0";
  const auto lost = restoration("deblur", settings);
  const auto& taps = lost.blur.front().taps;
  float sum = 0;
  for (const auto& tap : taps) {
    EXPECT_EQ(tap.dy, 0);
    EXPECT_LE(std::abs(tap.dx), 3);
    sum += tap.weight;
  }
  EXPECT_NEAR(sum, 1, 1e-6);
}

InputImage grey(int width, int height, const std::vector<std::uint8_t>& levels) {
  Image image{.width = width, .height = height, .rgb = {}};
  for (const std::uint8_t level : levels) image.rgb.insert(image.rgb.end(), 3, level);
  return InputImage(image);
}

Restoration spread_by(const InputImage& kernel) {
  Settings settings;
  settings.restore = "deblur";
  return restoration_of(settings, grey(8, 8, std::vector<std::uint8_t>(64, 0)), 1, kernel);
}

TEST(Agreement, AKernelIsWhatAPointBecame) {
  // A point, and to the right of it half as bright.
  const auto lost = spread_by(grey(3, 1, {0, 100, 50}));
  Tensor known = Tensor::zeros({1, 1, 5, 3}), drawn = Tensor::zeros({1, 1, 5, 3});
  for (std::size_t c = 0; c < 3; ++c) {
    drawn.values()[2 * 3 + c] = 1;
    known.values()[2 * 3 + c] = 2.F / 3;
    known.values()[3 * 3 + c] = 1.F / 3;
  }
  const Tensor kept = nearest_agreeing(lost, known, drawn, 1e4);
  for (std::size_t i = 0; i < kept.values().size(); ++i)
    EXPECT_NEAR(kept.values()[i], drawn.values()[i], 1e-4);
  // From nothing the point is found by what it became.
  const Tensor found = nearest_agreeing(lost, known, Tensor::zeros({1, 1, 5, 3}), 1e4);
  EXPECT_NEAR(found.values()[2 * 3], 1, 0.05);
}

TEST(Agreement, AKernelWiderThanARowReachesItsEnds) {
  const auto lost = spread_by(grey(7, 1, {1, 1, 1, 1, 1, 1, 1}));
  const Tensor even = picture(1, 2, {0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F});
  const Tensor kept = nearest_agreeing(lost, even, even, 1e4);
  for (const float value : kept.values()) EXPECT_NEAR(value, 0.5F, 1e-5);
}

TEST(Agreement, WhatIsNoKernelIsSaid) {
  const auto said = [](const InputImage& kernel) {
    try {
      (void)spread_by(kernel);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto levels = [](int count) { return std::vector<std::uint8_t>(static_cast<std::size_t>(count), 9); };
  EXPECT_EQ(said(grey(8, 3, levels(24))), "");
  EXPECT_NE(said(grey(2, 2, {0, 0, 0, 0})).find("black everywhere"), std::string::npos);
  EXPECT_NE(said(grey(66, 1, levels(66))).find("at most 65"), std::string::npos);
  EXPECT_NE(said(grey(9, 3, levels(27))).find("larger than the picture"), std::string::npos);
  EXPECT_NE(said(InputImage(Image{.width = 1, .height = 1, .rgb = {200, 0, 0}})).find("coloured"),
            std::string::npos);
}

}  // namespace
}  // namespace latentdial::detail
