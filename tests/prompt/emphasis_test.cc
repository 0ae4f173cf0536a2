// Emphasis: which words count how much.

#include "prompt/emphasis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

using testing::HasSubstr;

/// The stretches of a prompt as "text*weight" with three decimals, BREAK as "/".
std::string read(const std::string& prompt) {
  std::string result;
  for (const auto& stretch : parse_emphasis(prompt)) {
    if (stretch.starts_window) result += "/";
    char weight[32];
    std::snprintf(weight, sizeof weight, "%.3f", stretch.weight);
    result += "{" + stretch.text + "}" + weight;
  }
  return result;
}

TEST(Emphasis, PlainWordsAreOneStretch) {
  EXPECT_EQ(read("a dog, oil painting"), "{a dog, oil painting}1.000");
  EXPECT_EQ(read(""), "{}1.000");
}

TEST(Emphasis, RoundBracketsStrengthenAndSquareOnesWeaken) {
  EXPECT_EQ(read("(a dog)"), "{a dog}1.100");
  EXPECT_EQ(read("a [red] dog"), "{a }1.000{red}0.909{ dog}1.000");
  EXPECT_EQ(read("((a dog))"), "{a dog}1.210");
  EXPECT_EQ(read("([a dog])"), "{a dog}1.000");
}

TEST(Emphasis, ANumberTakesThePlaceOfTheBracketsOwn) {
  EXPECT_EQ(read("a (red:1.3) dog"), "{a }1.000{red}1.300{ dog}1.000");
  EXPECT_EQ(read("(red:0)"), "{red}0.000");
  EXPECT_EQ(read("(red: -.5 )"), "{red}-0.500");
  EXPECT_EQ(read("(a (red:1.5) dog:2)"), "{a }2.000{red}3.000{ dog}2.000");
}

TEST(Emphasis, AnOpenBracketReachesToTheEnd) {
  EXPECT_EQ(read("a (red dog"), "{a }1.000{red dog}1.100");
  EXPECT_EQ(read("(a [red dog"), "{a }1.100{red dog}1.000");
}

TEST(Emphasis, WhatOpensNothingIsText) {
  EXPECT_EQ(read("a) b] c:1.2) d"), "{a) b] c:1.2) d}1.000");
  EXPECT_EQ(read("time 10:30"), "{time 10:30}1.000");
  EXPECT_EQ(read("(red:1.2.3)"), "{red:1.2.3}1.100");
  EXPECT_EQ(read("(red:nan)"), "{red:nan}1.100");
}

TEST(Emphasis, ABackslashMakesText) {
  EXPECT_EQ(read(R"(\(a\) \[b\] \\ \: \|)"), R"({(a) [b] \ : |}1.000)");
  EXPECT_EQ(read(R"(a\b)"), R"({a\b}1.000)");
  EXPECT_EQ(read(R"((a\:1.2))"), R"({a:1.2}1.100)");
}

TEST(Emphasis, BreakBeginsAWindow) {
  EXPECT_EQ(read("a dog BREAK a cat"), "{a dog}1.000/{a cat}1.000");
  EXPECT_EQ(read("(a BREAK b:1.2)"), "{a}1.200/{b}1.200");
  EXPECT_EQ(read("BREAKFAST, break"), "{BREAKFAST, break}1.000");
}

TEST(Emphasis, RefusesAbsurdWeightsAndDepths) {
  EXPECT_THAT([] { (void)parse_emphasis("(a:101)"); },
              testing::ThrowsMessage<Error>(HasSubstr("101, which is out of range")));
  EXPECT_THROW((void)parse_emphasis("((a:20):20)"), Error);
  EXPECT_EQ(parse_emphasis(std::string(64, '[') + "a").front().text, "a");
  EXPECT_THAT([] { (void)parse_emphasis(std::string(65, '(')); },
              testing::ThrowsMessage<Error>(HasSubstr("more than 64 deep")));
}

}  // namespace
}  // namespace latentdial::detail
