// Prompts that change with the steps, and prompts joined by AND.

#include "prompt/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "latentdial/error.h"
#include "prompt/composition.h"

namespace latentdial::detail {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts(const std::string& prompt, int steps) {
  const PromptSchedule schedule(prompt);
  std::vector<std::string> result;
  for (int step = 0; step < steps; ++step) result.push_back(schedule.at(step, steps));
  return result;
}

TEST(Schedule, ChangesAfterANumberOfSteps) {
  EXPECT_THAT(texts("a [dog:cat:2]!", 4), ElementsAre("a dog!", "a dog!", "a cat!", "a cat!"));
  EXPECT_THAT(texts("[dog:cat:9]", 2), ElementsAre("dog", "dog"));
  EXPECT_THAT(texts("[dog:cat:0]", 2), ElementsAre("cat", "cat"));
}

TEST(Schedule, ANumberWithAPointIsAShareOfTheSteps) {
  EXPECT_THAT(texts("[dog:cat:0.5]", 4), ElementsAre("dog", "dog", "cat", "cat"));
  EXPECT_THAT(texts("[dog:cat:0.5]", 5), ElementsAre("dog", "dog", "cat", "cat", "cat"));
  EXPECT_THAT(texts("[dog:cat:1.0]", 2), ElementsAre("dog", "dog"));
}

TEST(Schedule, AddsAndTakesAway) {
  EXPECT_THAT(texts("dog[, red:1]", 2), ElementsAre("dog", "dog, red"));
  EXPECT_THAT(texts("dog[, red::1]", 2), ElementsAre("dog, red", "dog"));
}

TEST(Schedule, GoesRound) {
  EXPECT_THAT(texts("[a|b|c]", 5), ElementsAre("a", "b", "c", "a", "b"));
  EXPECT_THAT(texts("x[|b]", 3), ElementsAre("x", "xb", "x"));
}

TEST(Schedule, Nests) {
  EXPECT_THAT(texts("[[a:b:1]:c:2]", 3), ElementsAre("a", "b", "c"));
  EXPECT_THAT(texts("[[a|b]:c:2]", 3), ElementsAre("a", "b", "c"));
  EXPECT_THAT(texts("[(a:1.2):(b:0.8):1]", 2), ElementsAre("(a:1.2)", "(b:0.8)"));
}

TEST(Schedule, LeavesEmphasisAlone) {
  for (const char* prompt : {"a [red] dog", "[a: b]", "(a:1.2)", "[a", "a]", "[a:b:c]", "([)]",
                             R"(\[a:b:1\])", R"([a\|b])", "[a:0.5", ""}) {
    const PromptSchedule schedule(prompt);
    EXPECT_TRUE(schedule.is_constant()) << prompt;
    EXPECT_EQ(schedule.at(1, 3), prompt);
  }
  EXPECT_FALSE(PromptSchedule("a [b:0.5]").is_constant());
}

TEST(Schedule, RefusesAbsurdDepth) {
  EXPECT_THAT([] { PromptSchedule(std::string(100'000, '[')); },
              testing::ThrowsMessage<Error>(HasSubstr("more than 64 deep")));
}

TEST(Composition, IsCutAtAnd) {
  EXPECT_THAT(split_terms("a dog"), ElementsAre(PromptTerm{"a dog", 1}));
  EXPECT_THAT(split_terms("a dog :1.2 AND a cat AND rain:-0.5"),
              ElementsAre(PromptTerm{"a dog", 1.2}, PromptTerm{"a cat", 1}, PromptTerm{"rain", -0.5}));
  EXPECT_THAT(split_terms("a dog AND (red:1.2)"),
              ElementsAre(PromptTerm{"a dog", 1}, PromptTerm{"(red:1.2)", 1}));
}

TEST(Composition, OnePromptHasNoWeight) {
  EXPECT_THAT(split_terms("time 10:30"), ElementsAre(PromptTerm{"time 10:30", 1}));
  EXPECT_THAT(split_terms("ANDROID and BRAND"), ElementsAre(PromptTerm{"ANDROID and BRAND", 1}));
}

TEST(Composition, RefusesAbsurdWeightsAndNumbers) {
  EXPECT_THROW((void)split_terms("a AND b :1000"), Error);
  std::string many = "a";
  for (int i = 0; i < 16; ++i) many += " AND a";
  EXPECT_THAT([&] { (void)split_terms(many); }, testing::ThrowsMessage<Error>(HasSubstr("17 prompts")));
}

}  // namespace
}  // namespace latentdial::detail
