// A refusal is one line that a terminal, a log and JSON can hold.

#include "latentdial/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <exception>
#include <string>
#include <string_view>

namespace latentdial::detail {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using testing::StrEq;

TEST(Error, IsOneLineWhateverIsNamedInIt) {
  EXPECT_THAT(invalid_input("no file \"a\nb\x1b[2J\x7f\"").what(),
              StrEq("no file \"a\\x0ab\\x1b[2J\\u007f\""));
}

TEST(Error, KeepsTextOfAnyLanguage) {
  EXPECT_THAT(invalid_input("“猫.png” fehlt, é").what(), StrEq("“猫.png” fehlt, é"));
}

TEST(Error, KeepsStartAndEndOfAnEndlessLine) {
  const std::string line =
      Error(ErrorCode::io, "cannot write " + std::string(1 << 20, 'x') + ": disk full").what();
  EXPECT_LE(line.size(), kLongestLine);
  EXPECT_THAT(line, StartsWith("cannot write xxx"));
  EXPECT_THAT(line, EndsWith("xxx: disk full"));
  EXPECT_THAT(line, HasSubstr("x [...] x"));
}

TEST(Error, CutsBetweenCharacters) {
  for (const std::string before : {"", "a", "ab"}) {
    std::string text = before;
    for (int i = 0; i < 4000; ++i) text += "猫";
    const std::string line = single_line(text);
    const auto gap = line.find(" [...] ");
    ASSERT_NE(gap, std::string::npos);
    EXPECT_THAT(line.substr(0, gap), EndsWith("猫"));
    EXPECT_THAT(line.substr(gap), StartsWith(" [...] 猫"));
  }
}

std::string as_flag(std::string_view field) {
  if (field == "guidance_scale") return "--cfg";
  return field == "guidance_end" ? "--cfg-end" : "";
}

TEST(Error, NamesItsFieldAndOthersAsTheFaceDoes) {
  const Error error = invalid_input("guidance_scale", "5 is behind @(guidance_end), not @(steps)");
  EXPECT_EQ(error.code(), ErrorCode::invalid_input);
  EXPECT_EQ(error.field(), "guidance_scale");
  EXPECT_THAT(error.what(), StrEq("guidance_scale: 5 is behind guidance_end, not steps"));
  EXPECT_EQ(error.line(as_flag), "--cfg: 5 is behind --cfg-end, not steps");
  EXPECT_EQ(error.line({}), error.what());
}

TEST(Error, OfNoFieldHasNoneInFront) {
  const Error error = invalid_input("a.ckpt: is empty");
  EXPECT_EQ(error.field(), "");
  EXPECT_THAT(error.what(), StrEq("a.ckpt: is empty"));
  EXPECT_EQ(error.line(as_flag), "a.ckpt: is empty");
}

TEST(Error, OfAFunctionsOwnInputNamesThat) {
  EXPECT_EQ(invalid_input("evaluations", "3 is odd").line(as_flag), "evaluations: 3 is odd");
}

TEST(Error, KeepsItsFieldWhenItIsCopiedRethrownOrToldOfAnother) {
  const Error error(ErrorCode::io, "steps", "see @(guidance_scale)");
  Error copy = invalid_input("none");
  copy = error;
  EXPECT_EQ(copy.field(), "steps");
  try {
    std::rethrow_exception(std::make_exception_ptr(copy));
  } catch (const Error& again) {
    EXPECT_EQ(again.line(as_flag), "steps: see --cfg");
    EXPECT_EQ(again.about("seed").line(as_flag), "seed: see --cfg");
    EXPECT_EQ(again.about("seed").code(), ErrorCode::io);
  }
}

TEST(Error, NamesEngineOptionsToo) {
  EXPECT_THAT(invalid_input("@(lora) FILE, @(threads)").what(), StrEq("lora FILE, threads"));
}

TEST(Error, LeavesWhatIsNoMarkAsItIs) {
  for (const char* text : {"@(nonsense)", "@(", "@()", "@(steps", "@( steps)", "@(Steps)", "@", "@@(",
                           "a@(b)@(", "@{steps}", "@(steps\\x0a)", "%s {} @(1)"})
    EXPECT_THAT(invalid_input("prompt", text).line(as_flag), StrEq(std::string("prompt: ") + text));
  EXPECT_THAT(invalid_input("@(@(steps)").what(), StrEq("@(steps"));
}

TEST(Error, StaysOneShortLineWhateverStandsBetweenMarks) {
  std::string attack = "file \"@(guidance_scale)\n@(guidance_scale\x1b[2J";
  while (attack.size() < 100'000) attack += "@(strength)@(\0猫";
  const auto grown = [](std::string_view) { return std::string(100, 'x'); };
  const Error error = invalid_input("guidance_scale", attack);
  for (const std::string& line : {error.line(grown), error.line(as_flag), std::string(error.what())}) {
    EXPECT_LE(line.size(), kLongestLine);
    EXPECT_EQ(line, single_line(line));
  }
  EXPECT_EQ(error.field(), "guidance_scale");
}

TEST(Error, KeepsALineOfTheGreatestLengthWhole) {
  const std::string line(kLongestLine, 'x');
  EXPECT_EQ(single_line(line), line);
}

}  // namespace
}  // namespace latentdial::detail
