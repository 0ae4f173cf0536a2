// A refusal is one line that a terminal, a log and JSON can hold.

#include "latentdial/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace latentdial {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using testing::StrEq;

TEST(Error, IsOneLineWhateverIsNamedInIt) {
  EXPECT_THAT(invalid_input("no file \"a\nb\x1b[2J\x7f\"").what(), StrEq("no file \"a\\x0ab\\x1b[2J\\x7f\""));
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

TEST(Error, KeepsALineOfTheGreatestLengthWhole) {
  const std::string line(kLongestLine, 'x');
  EXPECT_EQ(single_line(line), line);
}

}  // namespace
}  // namespace latentdial
