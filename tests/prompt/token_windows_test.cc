// Prompts of any length as windows of the text encoder.

#include "prompt/token_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

using testing::Each;
using testing::ElementsAre;
using Ids = std::vector<std::int32_t>;

const Tokenizer& tokenizer() {
  static const Tokenizer loaded =
      Tokenizer::from_folder(std::filesystem::path(LATENTDIAL_GOLDEN_DIR) / "prompt" / "tokenizer");
  return loaded;
}

std::vector<TokenWindow> windows(const std::string& prompt, std::int64_t length,
                                 const LearntWords& learnt = {}) {
  return token_windows(tokenizer(), learnt, parse_emphasis(prompt), length);
}

std::string repeated(const std::string& word, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += word + " ";
  return text;
}

/// How many tokens of the prompt each window has.
std::vector<std::int64_t> lengths(const std::vector<TokenWindow>& windows) {
  std::vector<std::int64_t> result;
  for (const auto& window : windows) result.push_back(window.tokens);
  return result;
}

TEST(TokenWindows, AShortPromptIsTheTokenizersOwn) {
  const auto made = windows("a dog", 32);
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].ids, tokenizer().encode("a dog", 32).ids);
  EXPECT_THAT(made[0].weights, Each(1.0F));
  EXPECT_EQ(windows("", 32)[0].ids, tokenizer().encode("", 32).ids);
}

TEST(TokenWindows, EachTokenHasTheWeightOfItsWords) {
  ASSERT_EQ(tokenizer().tokenize("dog").size(), 1u);
  EXPECT_THAT(windows("dog (dog:1.5)", 6)[0].weights, ElementsAre(1, 1, 1.5F, 1, 1, 1));
}

TEST(TokenWindows, WhatDoesNotFitBeginsTheNext) {
  const auto made = windows(repeated("dog", 25), 12);
  EXPECT_THAT(lengths(made), ElementsAre(10, 10, 5));
  EXPECT_EQ(made[2].ids, tokenizer().encode(repeated("dog", 5), 12).ids);
}

TEST(TokenWindows, APhraseIsNotCut) {
  ASSERT_EQ(tokenizer().tokenize(",").size(), 1u);
  EXPECT_THAT(lengths(windows(repeated("dog", 6) + ", " + repeated("dog", 8), 12)), ElementsAre(7, 8));
  // A phrase of 20 tokens and more is.
  EXPECT_THAT(lengths(windows("dog, " + repeated("dog", 40), 32)), ElementsAre(30, 12));
  // The comma itself may begin a window.
  EXPECT_THAT(lengths(windows("dog, " + repeated("dog", 8) + ", dog", 12)), ElementsAre(10, 2));
}

TEST(TokenWindows, BreakLeavesTheRestOfAWindowEmpty) {
  const auto made = windows("dog BREAK dog dog", 12);
  EXPECT_THAT(lengths(made), ElementsAre(1, 2));
  EXPECT_EQ(made[0].ids, tokenizer().encode("dog", 12).ids);
  EXPECT_THAT(lengths(windows("BREAK dog", 12)), ElementsAre(0, 1));
}

TEST(TokenWindows, ALearntWordStandsForItsVectors) {
  const auto dog = tokenizer().tokenize("dog");
  LearntWords learnt;
  learnt.add(dog, 1000, 3);
  const auto window = windows("a (Dog:1.5)", 12, learnt)[0];
  EXPECT_EQ(Ids(window.ids.begin() + 2, window.ids.begin() + 5), (Ids{1000, 1001, 1002}));
  EXPECT_THAT(std::vector<float>(window.weights.begin() + 1, window.weights.begin() + 5),
              ElementsAre(1, 1.5F, 1.5F, 1.5F));
  // Its vectors stay together.
  EXPECT_THAT(lengths(windows("a dog dog dog dog", 12, learnt)), ElementsAre(10, 3));
}

TEST(LearntWords, TheLongestNameCounts) {
  LearntWords learnt;
  learnt.add({7}, 100, 1);
  learnt.add({7, 8}, 200, 2);
  EXPECT_THAT(learnt.find({7, 8, 7, 9}), ElementsAre(Ids{200, 201}, Ids{100}, Ids{9}));
}

TEST(TokenWindows, ThereAreAtMost64) {
  EXPECT_EQ(windows(repeated("dog", 640), 12).size(), 64u);
  EXPECT_THROW((void)windows(repeated("dog", 641), 12), Error);
}

}  // namespace
}  // namespace latentdial::detail
