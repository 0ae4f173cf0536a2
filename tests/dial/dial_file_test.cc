#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "latentdial/dial.h"
#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Dial a_dial() {
  Dial dial;
  dial.style = "Monet style";
  dial.model = "scenes";
  dial.fingerprint = "0123456789abcdef";
  dial.strengthen.recipe = {.start = 0.4, .passes = 2, .guidance = 0.8};
  dial.strengthen.points = {{0, 0}, {0.5, 0.6}, {1, 1.4}};
  dial.strengthen.end = 0.8;
  dial.strengthen.reason = "no more";
  dial.weaken.recipe = {.start = 0.2, .guidance = 0.6};
  dial.weaken.recipe.colours = {1, 0, 0, 5, 0, 9, 0, 0.5, 0, 0, 1, 0, 0, 0, 1, 0, 0, -7.5};
  dial.weaken.points = {{0, 0}, {-1, -2}};
  dial.weaken.end = -1;
  dial.weaken.reason = "no less";
  return dial;
}

class DialFile : public testing::Test {
 protected:
  void TearDown() override { fs::remove(path_); }
  std::string refusal(const std::string& text) {
    std::ofstream(path_) << text;
    try {
      (void)read_dial(path_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_input);
      return error.what();
    }
    return "read";
  }
  std::string changed(const std::string& from, const std::string& to) {
    write_dial(path_, a_dial());
    std::ifstream file(path_);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }
  // Tests run side by side: each has its own file.
  fs::path path_ = fs::path(testing::TempDir()) /
                   fmt::format("{}.dial.json", testing::UnitTest::GetInstance()->current_test_info()->name());
};

/// Strengths on either side of a position, and the share of the second.
std::string around(double position) {
  const auto place = a_dial().around(position);
  return fmt::format("{} {} {:.2f}", place.below.strength, place.above.strength, place.share);
}

TEST(Dial, StandsBetweenTwoOfItsPointsAndIsHeldAtItsEnds) {
  EXPECT_EQ(around(0), "0 0.6 0.00");
  EXPECT_EQ(around(0.125), "0 0.6 0.25");
  EXPECT_EQ(around(0.5), "0 0.6 1.00");
  EXPECT_EQ(around(0.75), "0.6 1.4 0.50");
  EXPECT_EQ(around(3), "1.4 1.4 0.00");
  EXPECT_EQ(around(-0.75), "0 -2 0.75");
}

TEST_F(DialFile, ReadsWhatWasWritten) {
  write_dial(path_, a_dial());
  const Dial dial = read_dial(path_);
  EXPECT_EQ(dial.style, "Monet style");
  EXPECT_EQ(dial.fingerprint, "0123456789abcdef");
  EXPECT_EQ(dial.strengthen.recipe, (EditRecipe{.start = 0.4, .passes = 2, .guidance = 0.8}));
  EXPECT_EQ(dial.weaken.recipe, a_dial().weaken.recipe);
  EXPECT_EQ(dial.around(0.75).above.strength, 1.4);
  EXPECT_EQ(dial.low(), -1);
  EXPECT_EQ(dial.high(), 0.8);
  EXPECT_EQ(dial.strengthen.reason, "no more");
}

TEST_F(DialFile, RefusesWhatIsNoDial) {
  EXPECT_THAT(refusal("hello"), HasSubstr("is not valid JSON"));
  EXPECT_THAT(refusal("[]"), HasSubstr("is not a JSON object"));
  EXPECT_THAT(refusal("{}"), HasSubstr("latentdial_dial"));
  EXPECT_THAT(refusal(changed("\"latentdial_dial\": 7", "\"latentdial_dial\": 6")),
              HasSubstr("is of format 6, this program reads 7"));
  EXPECT_THAT(refusal(changed("\"style\": \"Monet style\"", "\"style\": 3")),
              HasSubstr("\"style\" is not a text"));
  EXPECT_THAT(refusal(changed("\"start\": 0.4", "\"start\": 4")), HasSubstr("\"start\""));
  EXPECT_THAT(refusal(changed("\"passes\": 2", "\"passes\": 2.5")), HasSubstr("not a whole number"));
  for (const char* wrong : {"\"1,0,0,", "\"1,0,0,5,1,", "\"1,0,0,x,", "\"1,0,0,\\\"0\\\",", "\"1,0,0,1e9,",
                            "\"1,0,0,nan,", "\"1],[0,0,5,"})
    EXPECT_THAT(refusal(changed("\"1,0,0,5,", wrong)), HasSubstr("\"colours\" is not 18 numbers")) << wrong;
  EXPECT_THAT(refusal(changed("\"colours\": ", "\"colours\": [1], \"c\": ")),
              HasSubstr("\"colours\" is not a text"));
  EXPECT_THAT(refusal(changed("1.4", "0.1")), HasSubstr("outwards"));
  EXPECT_THAT(refusal(changed("1.4", "\"x\"")), HasSubstr("not a [position, strength]"));
}

TEST_F(DialFile, AMissingFileIsNamed) {
  try {
    (void)read_dial("/nowhere/x.dial.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/x.dial.json cannot be read"));
  }
}

TEST(DialFileName, IsSafeEverywhere) {
  EXPECT_EQ(dial_file_name("Monet style"), "monet-style.dial.json");
  EXPECT_EQ(dial_file_name("../x"), "x.dial.json");
  const auto long_name = dial_file_name(std::string(300, 'a'));
  EXPECT_LE(long_name.size(), 100u);
  EXPECT_NE(long_name, dial_file_name(std::string(301, 'a')));
  for (const char* style : {"🐕", "...", "水彩", "-", ""}) {
    EXPECT_THAT(dial_file_name(style), testing::StartsWith("style-")) << style;
    EXPECT_LE(dial_file_name(style).size(), 100u);
  }
}

TEST(DialFileName, TellsStylesApartThatDifferBeyondAscii) {
  EXPECT_NE(dial_file_name("水彩 style"), dial_file_name("油画 style"));
  EXPECT_EQ(dial_file_name("Monet style"), dial_file_name("monet STYLE"));
}

TEST(DialFolder, LiesInTheModelsFolderOrBesideItsFile) {
  EXPECT_EQ(dial_folder(testing::TempDir()), std::filesystem::path(testing::TempDir()) / "dials");
  EXPECT_EQ(dial_folder("models/v1-5.safetensors"), "models/v1-5.dials");
}

}  // namespace
}  // namespace latentdial::detail
