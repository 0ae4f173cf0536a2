#include "dial/method.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <vector>

#include "dial/conditioning.h"
#include "latentdial/error.h"

namespace latentdial {
namespace {

using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

/// A text encoder of one token and two channels, small enough to follow by hand.
Tensor encode(const std::string& text) {
  static const std::map<std::string, std::vector<float>> encodings = {
      {"content", {1, 0}}, {"style", {0, 1}}, {"content, style", {3, 5}}};
  return Tensor::of({1, 1, 2}, encodings.at(text));
}

std::vector<float> run(const std::string& method, double position) {
  const Tensor x = find_dial_method(method)
                       .encode({.prompt = "content", .style = "style", .position = position}, encode)
                       .states;
  return {x.values().begin(), x.values().end()};
}

TEST(DialMethod, EveryMethodIsExactAtZero) {
  for (const auto& method : dial_method_table()) {
    EXPECT_EQ(run(std::string(method.name), 0), (std::vector<float>{1, 0})) << method.name;
  }
}

TEST(DialMethod, SlerpTurnsTowardsPromptPlusStyle) {
  // cos Ω = 1/√2, Ω = 45°; half-way: sin(22.5°)/sin(45°)·([1,0] + [1,1]).
  const float w = std::sin(0.39269908f) / std::sin(0.78539816f);
  EXPECT_THAT(run("slerp", 0.5), Pointwise(FloatNear(1e-6f), {2 * w, w}));
  EXPECT_THAT(run("slerp", 1), Pointwise(FloatNear(1e-6f), {1.0f, 1.0f}));
}

TEST(DialMethod, SlerpTurnedBackWeakens) {
  EXPECT_LT(run("slerp", -0.5)[1], 0);
}

TEST(DialMethod, SlerpDiffWeakensAtNegativePositions) {
  const float w = std::sin(0.39269908f) / std::sin(0.78539816f);
  EXPECT_THAT(run("slerp-diff", -0.5), Pointwise(FloatNear(1e-6f), {2 * w, -w}));
  EXPECT_THAT(run("slerp-diff", -1), Pointwise(FloatNear(1e-6f), {1.0f, -1.0f}));
}

TEST(DialMethod, NormalisedDifferenceKeepsTheLengthOfThePrompt) {
  const auto x = run("slerp-diff-normalised", -0.7);
  EXPECT_NEAR(std::hypot(x[0], x[1]), 1, 1e-6);
}

TEST(DialMethod, LerpEndsAtTheStyledPrompt) {
  EXPECT_THAT(run("lerp", 1), Pointwise(FloatNear(0), {3.0f, 5.0f}));
  EXPECT_THAT(run("lerp", 0.5), Pointwise(FloatNear(1e-6f), {2.0f, 2.5f}));
}

TEST(DialMethod, GuideStartsFromThePromptAndKnowsTheStyledOne) {
  const auto encoding =
      find_dial_method("guide").encode({.prompt = "content", .style = "style", .position = 1}, encode);
  EXPECT_THAT(encoding.states.values(), testing::ElementsAre(1, 0));
  EXPECT_THAT(encoding.styled_states.values(), testing::ElementsAre(3, 5));
}

TEST(DialMethod, AnUnknownNameListsTheKnownOnes) {
  try {
    (void)find_dial_method("slurp");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    EXPECT_THAT(error.what(), HasSubstr("slerp, slerp-diff"));
  }
}

TEST(ClassifierFreeGuidance, WeightsTheTwoPredictions) {
  const auto terms = classifier_free_guidance(encode("content"), encode("style"), 7.5)(0.3);
  ASSERT_EQ(terms.size(), 2u);
  EXPECT_DOUBLE_EQ(terms[0].weight, -6.5);
  EXPECT_DOUBLE_EQ(terms[1].weight, 7.5);
  EXPECT_EQ(terms[1].text_states.values()[0], 1);
}

TEST(ClassifierFreeGuidance, AScaleOfOneNeedsNoNegativePrediction) {
  const auto terms = classifier_free_guidance(encode("content"), encode("style"), 1)(0);
  ASSERT_EQ(terms.size(), 1u);
  EXPECT_EQ(terms[0].text_states.values()[0], 1);
}

TEST(StyleGuidance, MixesThreePredictionsInItsWindow) {
  const auto conditioning = classifier_free_guidance(encode("content"), encode("style"), 7.5, {},
                                                     {encode("content, style"), 0.4, {0.5, 1}});
  ASSERT_EQ(conditioning(0.4).size(), 2u) << "before the window";
  const auto terms = conditioning(0.5);
  ASSERT_EQ(terms.size(), 3u);
  EXPECT_DOUBLE_EQ(terms[0].weight, -6.5);
  EXPECT_DOUBLE_EQ(terms[1].weight, 7.5 * 0.6);
  EXPECT_DOUBLE_EQ(terms[2].weight, 7.5 * 0.4);
  EXPECT_EQ(terms[2].text_states.values()[1], 5);
}

TEST(StyleGuidance, FullStrengthIsTheStyledPromptItself) {
  const auto terms = classifier_free_guidance(encode("content"), encode("style"), 7.5, {},
                                              {encode("content, style"), 1})(0.5);
  ASSERT_EQ(terms.size(), 2u);
  EXPECT_EQ(terms[1].weight, 7.5);
  EXPECT_EQ(terms[1].text_states.values()[1], 5);
}

TEST(ClassifierFreeGuidance, ActsWithinItsIntervalOnly) {
  const auto conditioning = classifier_free_guidance(encode("content"), encode("style"), 7.5, {0.2, 0.8});
  for (const double progress : {0.0, 0.19, 0.8, 0.99}) {
    const auto terms = conditioning(progress);
    ASSERT_EQ(terms.size(), 1u) << progress;
    EXPECT_EQ(terms[0].weight, 1);
    EXPECT_EQ(terms[0].text_states.values()[0], 1);
  }
  for (const double progress : {0.2, 0.5, 0.79}) EXPECT_EQ(conditioning(progress).size(), 2u) << progress;
}

}  // namespace
}  // namespace latentdial
