#include "latentdial/explanation.h"

#include <gtest/gtest.h>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

/// Three quarters black, one quarter red.
Image black_and_red() {
  Image image{.width = 8, .height = 8, .rgb = std::vector<std::uint8_t>(3 * 64)};
  for (std::size_t i = 48; i < 64; ++i) image.rgb[3 * i] = 255;
  return image;
}

Image grey(std::uint8_t value) {
  return {.width = 8, .height = 8, .rgb = std::vector<std::uint8_t>(3 * 64, value)};
}

TEST(Palette, FindsTheColoursAndTheirShares) {
  const auto palette = palette_of(black_and_red(), 2);
  ASSERT_EQ(palette.size(), 2u);
  EXPECT_EQ(palette[0].rgb, (std::array<std::uint8_t, 3>{0, 0, 0}));
  EXPECT_DOUBLE_EQ(palette[0].share, 0.75);
  EXPECT_EQ(palette[1].rgb, (std::array<std::uint8_t, 3>{255, 0, 0}));
  EXPECT_DOUBLE_EQ(palette[1].share, 0.25);
}

TEST(Palette, HasNoColourThatThePictureHasNot) {
  const auto palette = palette_of(grey(90), 6);
  ASSERT_EQ(palette.size(), 1u);
  EXPECT_EQ(palette[0].rgb[0], 90);
}

TEST(Change, IsTheMeanOverTheChannels) {
  const auto change = change_between(grey(0), black_and_red());
  EXPECT_EQ(change.front(), 0);
  EXPECT_FLOAT_EQ(change.back(), 1.0f / 3);
  Image other = grey(0);
  other.width = 4;
  EXPECT_THROW((void)change_between(grey(0), other), Error);
}

TEST(Change, IsDrawnHotWhereItIsLargest) {
  const Image map = draw_change(grey(0), black_and_red());
  EXPECT_EQ(map.rgb[0], map.rgb[1]) << "no change stays grey";
  EXPECT_GT(map.rgb[3 * 63], 200);
  EXPECT_LT(map.rgb[3 * 63 + 1], 60);
}

TEST(Palettes, AreDrawnOverEachOther) {
  const Image bars = draw_palettes(palette_of(grey(0), 3), palette_of(black_and_red(), 2), 40, 40);
  EXPECT_EQ(bars.rgb[0], 0);
  EXPECT_EQ(bars.rgb[3 * (40 * 39 + 39)], 255) << "the red quarter lies at the right";
  EXPECT_EQ(bars.rgb[3 * (40 * 39 + 39) + 1], 0);
}

TEST(Response, IsDrawnForAnyPoints) {
  EXPECT_EQ(draw_response({{0, 0}, {0.5, 0.7}, {1, 1.2}}, 100, 80).rgb.size(), 3u * 100 * 80);
  EXPECT_EQ(draw_response({}, 100, 80).width, 100);
  EXPECT_EQ(draw_response({{0.5, 0.5}}, 100, 80).width, 100) << "one point";
  EXPECT_THROW((void)draw_response({}, 40000, 80), Error);
}

}  // namespace
}  // namespace latentdial::detail
