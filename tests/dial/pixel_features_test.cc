#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "dial/colour_map.h"

namespace latentdial::detail {
namespace {

using testing::Each;
using testing::FloatNear;

/// 40 × 9, left half of one grey and right half of another.
Image two_halves(std::uint8_t left, std::uint8_t right) {
  Image image{.width = 40, .height = 9, .rgb = {}};
  for (int i = 0; i < 3 * 40 * 9; ++i) image.rgb.push_back(i / 3 % 40 < 20 ? left : right);
  return image;
}

float outline(const std::vector<PixelFeatures>& features, std::size_t i) {
  return features[i][3] - features[0][3];
}

TEST(PixelFeatures, OfOneColourAreNothing) {
  for (const auto& pixel : pixel_features(two_halves(90, 90))) EXPECT_THAT(pixel, Each(0));
}

TEST(PixelFeatures, AreColoursLessThePicturesMean) {
  const auto features = pixel_features(two_halves(100, 200));
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_FLOAT_EQ(features[0][c], -50);
    EXPECT_FLOAT_EQ(features[39][c], 50);
  }
}

TEST(PixelFeatures, AnOutlineRunsWhereColoursChange) {
  const auto features = pixel_features(two_halves(100, 200));
  // Half of the step on either side of it, in three channels: 50·√3 = 86.6, of which 255·86.6/(86.6 + 20) is
  // shown.
  for (const std::size_t x : {19u, 20u}) EXPECT_NEAR(outline(features, 4 * 40 + x), 207.2, 0.1);
  for (const std::size_t x : {0u, 18u, 21u, 39u}) EXPECT_EQ(outline(features, 4 * 40 + x), 0) << x;
}

TEST(PixelFeatures, AFaintOutlineCountsMoreThanItsShare) {
  const auto strong = pixel_features(two_halves(100, 200)), faint = pixel_features(two_halves(100, 110));
  EXPECT_GT(outline(faint, 20), outline(strong, 20) / 4) << "a tenth of the step";
}

TEST(PixelFeatures, OutlinesGlowAroundThem) {
  const auto features = pixel_features(two_halves(100, 200));
  double sum = 0;
  for (const auto& pixel : features) sum += pixel[4];
  EXPECT_NEAR(sum, 0, 0.1) << "less the mean";
  const auto glow = [&](std::size_t x) { return features[4 * 40 + x][4] - features[4 * 40][4]; };
  EXPECT_THAT(glow(17), FloatNear(glow(22), 0.01));
  EXPECT_GT(glow(20), 1.5 * glow(16));
  EXPECT_GT(glow(16), 10);
  EXPECT_EQ(glow(9), 0) << "nine pixels on";
}

}  // namespace
}  // namespace latentdial::detail
