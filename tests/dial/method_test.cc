#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "dial/methods.h"
#include "dial_testing.h"
#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

/// The one encoding that a method of the text conditions on, without guidance.
std::vector<float> encoding(const std::string& method, double position) {
  DialRequest request = a_request(position);
  request.guidance.scale = 1;
  const auto step = find_dial_method(method).condition(request, two_words())(0.5);
  EXPECT_EQ(step.conditions.size(), 1u);
  return values(step.conditions.front().tokens);
}

TEST(DialMethod, SlerpTurnsTowardsPromptPlusStyle) {
  // cos Ω = 1/√2, Ω = 45°; half-way: sin(22.5°)/sin(45°)·([1,0] + [1,1]).
  const float w = std::sin(0.39269908f) / std::sin(0.78539816f);
  EXPECT_THAT(encoding("slerp", 0), ElementsAre(1, 0));
  EXPECT_THAT(encoding("slerp", 0.5), Pointwise(FloatNear(1e-6f), {2 * w, w}));
  EXPECT_THAT(encoding("slerp", 1), Pointwise(FloatNear(1e-6f), {1.0f, 1.0f}));
}

TEST(DialMethod, SlerpTurnedBackWeakens) {
  EXPECT_LT(encoding("slerp", -0.5)[1], 0);
}

TEST(DialMethod, SlerpDiffWeakensAtNegativePositions) {
  const float w = std::sin(0.39269908f) / std::sin(0.78539816f);
  EXPECT_THAT(encoding("slerp-diff", 0), ElementsAre(1, 0));
  EXPECT_THAT(encoding("slerp-diff", -0.5), Pointwise(FloatNear(1e-6f), {2 * w, -w}));
  EXPECT_THAT(encoding("slerp-diff", -1), Pointwise(FloatNear(1e-6f), {1.0f, -1.0f}));
}

TEST(DialMethod, NormalisedDifferenceKeepsTheLengthOfThePrompt) {
  const auto x = encoding("slerp-diff-normalised", -0.7);
  EXPECT_NEAR(std::hypot(x[0], x[1]), 1, 1e-6);
}

TEST(DialMethod, LerpEndsAtTheStyledPrompt) {
  EXPECT_THAT(encoding("lerp", 0), ElementsAre(1, 0));
  EXPECT_THAT(encoding("lerp", 1), Pointwise(FloatNear(0), {3.0f, 5.0f}));
  EXPECT_THAT(encoding("lerp", 0.5), Pointwise(FloatNear(1e-6f), {2.0f, 2.5f}));
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

TEST(Guide, MixesThreePredictionsInItsWindow) {
  // The U-Net answers each encoding with its first value: ∅ 7, content 1, styled 3.
  DialRequest request = a_request(0.4);
  request.window = {0.5, 1};
  const auto conditioning = find_dial_method("guide").condition(request, two_words());
  EXPECT_EQ(conditioning(0.4).conditions.size(), 2u) << "before the window";
  EXPECT_NEAR(guided(conditioning(0.4)), 7 + 7.5 * (1 - 7), 1e-5);
  EXPECT_EQ(conditioning(0.5).conditions.size(), 3u);
  EXPECT_NEAR(guided(conditioning(0.5)), 7 + 7.5 * (1 - 7) + 7.5 * 0.4 * (3 - 1), 1e-5);
}

TEST(Guide, ZeroIsThePlainPromptAndOneTheStyledOne) {
  const auto step = [](double position) {
    return find_dial_method("guide").condition(a_request(position), two_words())(0.5);
  };
  EXPECT_EQ(step(0).conditions.size(), 2u) << "no evaluation for a style that is off";
  EXPECT_NEAR(guided(step(0)), 7 + 7.5 * (1 - 7), 1e-5);
  EXPECT_EQ(step(1).conditions.size(), 2u);
  EXPECT_NEAR(guided(step(1)), 7 + 7.5 * (3 - 7), 1e-5);
}

TEST(Guide, PositionsShareTheStepsBeforeTheWindow) {
  EXPECT_TRUE(find_dial_method("guide").info.window);
  EXPECT_EQ(find_dial_method("slerp").start, 0);
  EXPECT_EQ(find_dial_method("dreamwalk").start, 0.2);
}

/// What a method conditions on where the prompt names the style.
GuidedStep of_named_style(Conditioning (*condition)(const DialRequest&, const DialPrompts&),
                          double position) {
  DialRequest request = a_request(position);
  request.prompt = "content, style";
  DialPrompts prompts = two_words();
  prompts.content = [](const Around&) { return two_words().text("content, style"); };
  return condition(request, prompts)(0.5);
}

TEST(Between, IsOneTextStateBetweenPlainAndStyled) {
  const auto step = [](double position) { return condition_between(a_request(position), two_words())(0.5); };
  EXPECT_EQ(step(0.25).conditions.size(), 2u) << "with the negative prompt's";
  EXPECT_NEAR(guided(step(0)), 7 + 7.5 * (1 - 7), 1e-5);
  EXPECT_NEAR(guided(step(0.25)), 7 + 7.5 * (1.5 - 7), 1e-5);
  EXPECT_NEAR(guided(step(1)), 7 + 7.5 * (3 - 7), 1e-5);
}

TEST(Between, OfAPromptThatNamesTheStyleLiesTowardsThePromptWithoutIt) {
  EXPECT_NEAR(guided(of_named_style(condition_between, -0.5)), 7 + 7.5 * (2 - 7), 1e-5);
  EXPECT_NEAR(guided(of_named_style(condition_between, -1)), 7 + 7.5 * (1 - 7), 1e-5);
}

TEST(Guide, OfAPromptThatNamesTheStyleTurnsBackToThePromptWithoutIt) {
  // The U-Net answers "content, style" 3 and "content" 1.
  const auto step = [](double position) { return of_named_style(condition_guide, position); };
  EXPECT_NEAR(guided(step(0)), 7 + 7.5 * (3 - 7), 1e-5);
  EXPECT_NEAR(guided(step(-1)), 7 + 7.5 * (1 - 7), 1e-5);
  EXPECT_NEAR(guided(step(0.5)), 7 + 7.5 * (3 - 7) + 7.5 * 0.5 * (3 - 1), 1e-5);
}

}  // namespace
}  // namespace latentdial::detail
