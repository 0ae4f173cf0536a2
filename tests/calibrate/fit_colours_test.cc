#include "calibrate/fit_colours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace latentdial {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

/// 32 × 32 random colours from 60 to 180.
Image a_picture(unsigned seed) {
  std::mt19937 random(seed);
  Image image{.width = 32, .height = 32, .rgb = {}};
  for (int i = 0; i < 3 * 32 * 32; ++i) image.rgb.push_back(static_cast<std::uint8_t>(60 + random() % 121));
  return image;
}

Image grey(std::uint8_t value) {
  return {.width = 32, .height = 32, .rgb = std::vector<std::uint8_t>(3 * 32 * 32, value)};
}

TEST(FitColours, RaisesTheContrastOfWhatTheEditsDoAndEndsAtTheMedianOfTheStyled) {
  const ColourMap style = {{{{0.5, 0, 0, 20}, {0, 0, 0.25, 50}, {0.25, 0.25, 0, 0}}}};
  const std::vector<Image> pictures = {a_picture(1), a_picture(2)};
  const std::vector<Image> edits = {recoloured(pictures[0], style, 1), recoloured(pictures[1], style, 1)};
  const ColourMap map = fit_colours(pictures, edits, {grey(90), grey(90), grey(200)});
  const auto near = [](double value) { return DoubleNear(value, 0.05); };
  // The mean of the pictures, 120, goes to 90.
  EXPECT_THAT(map.rows[0], ElementsAre(near(1.5), near(0), near(0), DoubleNear(90 - 1.5 * 120, 4)));
  EXPECT_THAT(map.rows[1], ElementsAre(near(0), near(0), near(0.75), DoubleNear(90 - 0.75 * 120, 4)));
  EXPECT_THAT(map.rows[2], ElementsAre(near(0.75), near(0.75), near(0), DoubleNear(90 - 1.5 * 120, 4)));
}

TEST(FitColours, PicturesOfOneColourGoToTheStyledOne) {
  const ColourMap map = fit_colours({grey(120)}, {grey(40)}, {grey(70)});
  for (const auto& row : map.rows) EXPECT_THAT(row, ElementsAre(0, 0, 0, 70));
}

}  // namespace
}  // namespace latentdial
