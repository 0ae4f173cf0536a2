#include "latentdial/colour_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "latentdial/error.h"

namespace latentdial {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    (void)parse_colour_map("style_colours", text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    return error.what();
  }
  return "read";
}

TEST(ColourMap, IsEighteenNumbersRowByRow) {
  const std::string text = "0.5,0,0,1,2,10,0,1,0,0,0,-20.25,0,0.125,2,0,-0.5,0";
  const ColourMap map = parse_colour_map("style_colours", text);
  EXPECT_THAT(map.rows[0], ElementsAre(0.5, 0, 0, 1, 2, 10));
  EXPECT_THAT(map.rows[1], ElementsAre(0, 1, 0, 0, 0, -20.25));
  EXPECT_THAT(map.rows[2], ElementsAre(0, 0.125, 2, 0, -0.5, 0));
  EXPECT_EQ(to_text(map), text);
  EXPECT_EQ(parse_colour_map("", " 0.5, 0, 0, 1, 2, 10, 0, 1, 0, 0, 0, -20.25, 0, 0.125, 2, 0, -0.5, 0 "),
            map);
}

TEST(ColourMap, AnythingElseIsRefused) {
  const std::string short_of_one = "1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,0,0";
  for (const std::string& text :
       {std::string(), short_of_one, short_of_one + ",0,0", short_of_one + ",x", short_of_one + ",\"0\"",
        short_of_one + ",1e9", short_of_one + ",nan", short_of_one + "],[0", std::string(2000, ' ')}) {
    EXPECT_THAT(refusal(text), HasSubstr("style_colours: no map of colours; use eighteen numbers")) << text;
  }
  EXPECT_EQ(refusal(short_of_one + ",0"), "read");
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
}  // namespace latentdial
