#include "dial/colour_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace latentdial::detail {
namespace {

using testing::ElementsAre;

TEST(ColourMap, IsEighteenNumbersRowByRow) {
  const std::vector<double> numbers = {0.5, 0, 0, 1, 2, 10, 0, 1, 0, 0, 0, -20.25, 0, 0.125, 2, 0, -0.5, 0};
  const ColourMap map = colour_map(numbers);
  EXPECT_THAT(map.rows[0], ElementsAre(0.5, 0, 0, 1, 2, 10));
  EXPECT_THAT(map.rows[1], ElementsAre(0, 1, 0, 0, 0, -20.25));
  EXPECT_THAT(map.rows[2], ElementsAre(0, 0.125, 2, 0, -0.5, 0));
  EXPECT_EQ(numbers_of(map), numbers);
}

TEST(ColourMap, TakesAPictureAsFarAsTheShareSays) {
  // Red and green change places, and blue becomes twice as strong, all around other means.
  const ColourMap map = {{{{0, 1, 0, 0, 0, 100}, {1, 0, 0, 0, 0, 120}, {0, 0, 2, 0, 0, 60}}}};
  const Image image = {.width = 2, .height = 1, .rgb = {200, 0, 20, 10, 20, 40}};
  EXPECT_EQ(recoloured(image, map, 0).rgb, image.rgb);
  EXPECT_THAT(recoloured(image, map, 1).rgb, ElementsAre(90, 215, 40, 110, 25, 80));
  EXPECT_THAT(recoloured(image, map, 0.2).rgb, ElementsAre(178, 43, 24, 30, 21, 48));
  EXPECT_THAT(recoloured(image, map, 1.5).rgb, ElementsAre(35, 255, 50, 160, 28, 100)) << "held at the ends";
}

TEST(ColourMap, DrawsOutlines) {
  // Black, and white where colours change.
  const ColourMap map = {{{{0, 0, 0, 1, 0, 0}, {0, 0, 0, 1, 0, 0}, {0, 0, 0, 1, 0, 0}}}};
  Image image = {.width = 8, .height = 1, .rgb = std::vector<std::uint8_t>(24, 30)};
  for (std::size_t i = 12; i < 24; ++i) image.rgb[i] = 230;
  const Image drawn = recoloured(image, map, 1);
  for (const std::size_t x : {3u, 4u}) EXPECT_GT(drawn.rgb[3 * x], 150);
  for (const std::size_t x : {0u, 1u, 2u, 5u, 6u, 7u}) EXPECT_EQ(drawn.rgb[3 * x], 0);
}

}  // namespace
}  // namespace latentdial::detail
