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
  dial.points = {{0, 0}, {0.5, 0.6}, {1, 1}, {1.3, 1.6}};
  dial.reason = "no more";
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

TEST(Dial, IsReadOffBetweenItsPointsAndHeldAtItsEnds) {
  const Dial dial = a_dial();
  EXPECT_EQ(dial.strength_at(0), 0);
  EXPECT_DOUBLE_EQ(dial.strength_at(0.25), 0.3);
  EXPECT_DOUBLE_EQ(dial.strength_at(0.5), 0.6);
  EXPECT_DOUBLE_EQ(dial.strength_at(0.75), 0.8);
  EXPECT_EQ(dial.strength_at(1), 1);
  EXPECT_EQ(dial.strength_at(3), 1.6);
  EXPECT_EQ(dial.strength_at(-1), 0);
  for (const double position : {0.0, 0.1, 0.5, 0.9, 1.0, 1.2, 1.3})
    EXPECT_NEAR(dial.position_of(dial.strength_at(position)), position, 1e-12);
}

TEST_F(DialFile, ReadsWhatWasWritten) {
  write_dial(path_, a_dial());
  EXPECT_EQ(read_dial(path_), a_dial());
  EXPECT_EQ(a_dial().high(), 1.3);
}

TEST_F(DialFile, RefusesWhatIsNoDial) {
  EXPECT_THAT(refusal("hello"), HasSubstr("is not valid JSON"));
  EXPECT_THAT(refusal("[]"), HasSubstr("is not a JSON object"));
  EXPECT_THAT(refusal("{}"), HasSubstr("latentdial_dial"));
  EXPECT_THAT(refusal(changed("\"style\": \"Monet style\"", "\"style\": 3")),
              HasSubstr("\"style\" is not a text"));
  EXPECT_THAT(refusal(changed("\"points\"", "\"points of\"")), HasSubstr("\"points\" is not a list"));
  EXPECT_THAT(refusal(changed("{prompt}, {style}", "{style}")), HasSubstr("\"words\" is not one of"));
  EXPECT_THAT(refusal(changed("1.6", "0.1")), HasSubstr("does not rise"));
  EXPECT_THAT(refusal(changed("1.6", "1e9")), HasSubstr("does not rise"));
  EXPECT_THAT(refusal(changed("1.6", "\"x\"")), HasSubstr("not a [position, strength]"));
  EXPECT_THAT(refusal(changed("0.6", "1.0")), HasSubstr("does not rise"));
}

TEST_F(DialFile, OfTheFirstDesignIsRefusedInOneLineThatSaysHowToFitAnew) {
  const std::string old = R"({"latentdial_dial": 7, "style": "sketch", "model": "scenes",
    "fingerprint": "0123456789abcdef", "guidance_scale": 3.5,
    "strengthen": {"start": 0.5, "passes": 2, "guidance": 0.57, "points": [[0, 0], [1, 1]], "end": 1,
                   "reason": ""},
    "weaken": {"start": 0.5, "passes": 2, "guidance": 0.57, "points": [[0, 0], [-1, -1]], "end": -1,
               "reason": ""}})";
  const std::string line = refusal(old);
  EXPECT_THAT(line,
              HasSubstr("is of format 7, this program reads 9; make it again with latentdial calibrate"));
  EXPECT_EQ(line.find('\n'), std::string::npos);
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
