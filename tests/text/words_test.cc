#include "text/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace latentdial::detail {
namespace {

TEST(Words, BlankAndTrimmed) {
  EXPECT_TRUE(is_blank(""));
  EXPECT_TRUE(is_blank(" \t\r\n"));
  EXPECT_FALSE(is_blank(" a "));
  EXPECT_EQ(trimmed(" \ta dog\r\n"), "a dog");
  EXPECT_EQ(trimmed(" \n"), "");
}

TEST(Words, LowerKnowsAsciiAlone) {
  EXPECT_EQ(lower("Monet STYLE, É @[`{"), "monet style, É @[`{");
}

TEST(Words, ASlugIsSafeAsAFileName) {
  EXPECT_EQ(slug("A temple, Monet style"), "a-temple-monet-style");
  EXPECT_EQ(slug("../x"), "x");
  EXPECT_EQ(slug("Ukiyo-e é 2!"), "ukiyo-e-2-");
  EXPECT_EQ(slug("…"), "");
}

TEST(Words, SplitKeepsEmptyParts) {
  EXPECT_THAT(split("a, b,,", ','), testing::ElementsAre("a", " b", "", ""));
  EXPECT_THAT(split("", ','), testing::ElementsAre(""));
}

TEST(Words, ANumberIsTheWholeText) {
  int whole = 7;
  EXPECT_TRUE(read_number("-12", whole));
  EXPECT_EQ(whole, -12);
  for (const char* text : {"", " 1", "1 ", "+1", "1.5", "1x", "99999999999"}) {
    EXPECT_FALSE(read_number(text, whole)) << text;
    EXPECT_EQ(whole, -12) << "stays as it was";
  }
  double real = 0;
  EXPECT_TRUE(read_number("1e-3", real));
  EXPECT_EQ(real, 1e-3);
  EXPECT_TRUE(read_number("inf", real) && std::isinf(real));
  std::uint64_t size = 0;
  EXPECT_FALSE(read_number("-1", size));
}

TEST(Words, WhatAFileSaysStandsInOneLine) {
  EXPECT_EQ(printable("a\nb"), "'a?b'");
  EXPECT_EQ(printable(std::string(121, 'x')), "'" + std::string(120, 'x') + "…'");
}

TEST(Words, TheNearestNameIsSpeltAlmostAlike) {
  const std::vector<std::string> names = {"--steps", "--style", "--seed", "--cfg"};
  EXPECT_EQ(nearest_name("--stpes", names), "--steps");
  EXPECT_EQ(nearest_name("--STEPS", names), "--steps");
  EXPECT_EQ(nearest_name("--sed", names), "--seed");
  EXPECT_EQ(nearest_name("--guidance", names), "");
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name(std::string(10000, 'x'), names), "");
  EXPECT_EQ(nearest_name("--steps", {}), "");
}

}  // namespace
}  // namespace latentdial::detail
