#include "calibrate/fit_colours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

namespace latentdial::detail {
namespace {

using testing::ElementsAre;

/// 64 × 64 in squares of random colours from 60 to 180, each with a hundred pixels.
Image a_picture(unsigned seed) {
  std::mt19937 random(seed);
  std::array<std::uint8_t, 3 * 7 * 7> colours;
  for (auto& value : colours) value = static_cast<std::uint8_t>(60 + random() % 121);
  Image image{.width = 64, .height = 64, .rgb = {}};
  for (std::size_t y = 0; y < 64; ++y)
    for (std::size_t x = 0; x < 64; ++x)
      for (std::size_t c = 0; c < 3; ++c) image.rgb.push_back(colours[3 * (7 * (y / 10) + x / 10) + c]);
  return image;
}

Image grey(std::uint8_t value) {
  return {.width = 64, .height = 64, .rgb = std::vector<std::uint8_t>(3 * 64 * 64, value)};
}

TEST(FitColours, FindsWhatTheEditsDoWithColoursAndOutlines) {
  const ColourMap style = {
      {{{0.5, 0, 0, 0.2, 0, 90}, {0, 0, 0.25, -0.1, 0.5, 100}, {0.25, 0.25, 0, 0, 0, 120}}}};
  const std::vector<Image> pictures = {a_picture(1), a_picture(2)};
  const std::vector<Image> edits = {recoloured(pictures[0], style, 1), recoloured(pictures[1], style, 1)};
  const ColourMap map = fit_colours(pictures, edits, {grey(80), grey(90), grey(100)});
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t k = 0; k < kPixelFeatures; ++k)
      EXPECT_NEAR(map.rows[row][k], style.rows[row][k], 0.02) << row << " " << k;
    EXPECT_EQ(map.rows[row].back(), 90) << "the styled pictures' mean";
  }
}

TEST(FitColours, PicturesOfOneColourGoToTheStyledOne) {
  const ColourMap map = fit_colours({grey(120)}, {grey(40)}, {grey(70)});
  for (const auto& row : map.rows) EXPECT_THAT(row, ElementsAre(0, 0, 0, 0, 0, 70));
}

TEST(MadeUp, IsNothingOfWhatFollowsColoursAndOutlinesAndAllOfWhatDoesNot) {
  const ColourMap style = {
      {{{0.5, 0, 0, 0.2, 0, 90}, {0, 0, 0.25, -0.1, 0.5, 100}, {0.25, 0.25, 0, 0, 0, 120}}}};
  const std::vector<Image> pictures = {a_picture(1), a_picture(2)};
  const std::vector<Image> follows = {recoloured(pictures[0], style, 1), recoloured(pictures[1], style, 1)};
  EXPECT_LT(made_up(pictures, follows), 0.01);
  EXPECT_GT(made_up(pictures, {a_picture(3), a_picture(4)}), 0.98) << "other pictures";
  EXPECT_GT(made_up(pictures, {follows[1], follows[0]}), 0.5) << "only the squares lie alike";
  EXPECT_EQ(made_up(pictures, {grey(50), grey(70)}), 0) << "nothing to see";
}

}  // namespace
}  // namespace latentdial::detail
