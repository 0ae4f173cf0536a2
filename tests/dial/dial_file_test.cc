#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "latentdial/dial.h"
#include "latentdial/error.h"

namespace latentdial {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Dial a_dial() {
  Dial dial;
  dial.style = "Monet style";
  dial.model = "scenes";
  dial.fingerprint = "0123456789abcdef";
  dial.style_start = 0.4;
  dial.weaken_start = 0.2;
  dial.strengthen = {{0, 0}, {0.5, 0.6}, {1, 1.4}};
  dial.weaken = {{0, 0}, {-1, -2}};
  dial.high_reason = "no more";
  dial.low_reason = "no less";
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

TEST(Dial, IsLinearBetweenItsPointsAndHeldAtItsEnds) {
  EXPECT_DOUBLE_EQ(a_dial().strength_at(0), 0);
  EXPECT_DOUBLE_EQ(a_dial().strength_at(0.25), 0.3);
  EXPECT_DOUBLE_EQ(a_dial().strength_at(0.75), 1.0);
  EXPECT_DOUBLE_EQ(a_dial().strength_at(3), 1.4);
  EXPECT_DOUBLE_EQ(a_dial().strength_at(-0.5), -1);
}

TEST_F(DialFile, ReadsWhatWasWritten) {
  write_dial(path_, a_dial());
  const Dial dial = read_dial(path_);
  EXPECT_EQ(dial.style, "Monet style");
  EXPECT_EQ(dial.fingerprint, "0123456789abcdef");
  EXPECT_EQ(dial.style_start, 0.4);
  EXPECT_EQ(dial.weaken_start, 0.2);
  EXPECT_EQ(dial.strength_at(0.75), 1.0);
  EXPECT_EQ(dial.low(), -1);
  EXPECT_EQ(dial.high_reason, "no more");
}

TEST_F(DialFile, RefusesWhatIsNoDial) {
  EXPECT_THAT(refusal("hello"), HasSubstr("is no JSON object"));
  EXPECT_THAT(refusal("{}"), HasSubstr("latentdial_dial"));
  EXPECT_THAT(refusal(changed("\"latentdial_dial\": 2", "\"latentdial_dial\": 1")),
              HasSubstr("is of format 1"));
  EXPECT_THAT(refusal(changed("\"style\": \"Monet style\"", "\"style\": 3")),
              HasSubstr("\"style\" is no text"));
  EXPECT_THAT(refusal(changed("\"style_start\": 0.4", "\"style_start\": 4")), HasSubstr("\"style_start\""));
  EXPECT_THAT(refusal(changed("1.4", "0.1")), HasSubstr("outwards"));
  EXPECT_THAT(refusal(changed("1.4", "\"x\"")), HasSubstr("no [position, strength]"));
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
}

}  // namespace
}  // namespace latentdial
