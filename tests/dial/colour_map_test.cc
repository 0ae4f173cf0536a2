#include "latentdial/colour_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "latentdial/error.h"

namespace latentdial {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    (void)parse_colour_map("--style-colours", text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    return error.what();
  }
  return "read";
}

TEST(ColourMap, IsTwelveNumbersRowByRow) {
  const std::string text = "0.5,0,0,10,0,1,0,-20.25,0,0.125,2,0";
  const ColourMap map = parse_colour_map("--style-colours", text);
  EXPECT_THAT(map.rows[0], ElementsAre(0.5, 0, 0, 10));
  EXPECT_THAT(map.rows[1], ElementsAre(0, 1, 0, -20.25));
  EXPECT_THAT(map.rows[2], ElementsAre(0, 0.125, 2, 0));
  EXPECT_EQ(to_text(map), text);
  EXPECT_EQ(parse_colour_map("", " 0.5, 0, 0, 10, 0, 1, 0, -20.25, 0, 0.125, 2, 0 "), map);
}

TEST(ColourMap, AnythingElseIsRefused) {
  const std::string eleven = "1,0,0,0,0,1,0,0,0,0,1";
  for (const std::string& text :
       {std::string(), eleven, eleven + ",0,0", eleven + ",x", eleven + ",\"0\"", eleven + ",1e9",
        eleven + ",nan", eleven + "],[0", std::string(2000, ' ')}) {
    EXPECT_THAT(refusal(text), HasSubstr("--style-colours: no map of colours; use twelve numbers")) << text;
  }
  EXPECT_EQ(refusal(eleven + ",0"), "read");
}

TEST(ColourMap, TakesAPictureAsFarAsTheShareSays) {
  // Red and green change places, and blue grows by 100.
  const ColourMap map = {{{{0, 1, 0, 0}, {1, 0, 0, 0}, {0, 0, 1, 100}}}};
  const Image image = {.width = 2, .height = 1, .rgb = {200, 0, 20, 10, 20, 250}};
  EXPECT_EQ(recoloured(image, map, 0).rgb, image.rgb);
  EXPECT_THAT(recoloured(image, map, 1).rgb, ElementsAre(0, 200, 120, 20, 10, 255));
  EXPECT_THAT(recoloured(image, map, 0.25).rgb, ElementsAre(150, 50, 45, 13, 18, 255));
  EXPECT_THAT(recoloured(image, map, 1.5).rgb, ElementsAre(0, 255, 170, 25, 5, 255)) << "held at the ends";
}

}  // namespace
}  // namespace latentdial
