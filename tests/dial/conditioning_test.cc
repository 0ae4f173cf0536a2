#include "dial/conditioning.h"

#include <gtest/gtest.h>

#include "dial_testing.h"

namespace latentdial::detail {
namespace {

const Tensor kText = Tensor::of({1, 1, 1}, std::vector<float>{2});
const Tensor kNegative = Tensor::of({1, 1, 1}, std::vector<float>{3});

TEST(ClassifierFreeGuidance, ExtrapolatesFromTheNegativePrediction) {
  const auto step = ClassifierFreeGuidance{kNegative, 7.5, {}}.condition(kText)(0.3);
  EXPECT_EQ(step.conditions.size(), 2u);
  EXPECT_FLOAT_EQ(guided(step), 3 + 7.5f * (2 - 3));
}

TEST(ClassifierFreeGuidance, AScaleOfOneNeedsNoNegativePrediction) {
  const auto step = ClassifierFreeGuidance{kNegative, 1, {}}.condition(kText)(0);
  EXPECT_EQ(step.conditions.size(), 1u);
  EXPECT_EQ(guided(step), 2);
}

TEST(ClassifierFreeGuidance, NoScaleUpToOneGuides) {
  for (const double scale : {0.0, 0.5, 0.999}) {
    const auto step = ClassifierFreeGuidance{kNegative, scale, {}}.condition(kText)(0.5);
    EXPECT_EQ(step.conditions.size(), 1u) << scale;
    EXPECT_EQ(guided(step), 2) << scale;
  }
  EXPECT_FLOAT_EQ(guided(ClassifierFreeGuidance{kNegative, 1.5, {}}.condition(kText)(0.5)),
                  3 + 1.5f * (2 - 3));
}

TEST(ClassifierFreeGuidance, ActsWithinItsIntervalOnly) {
  const auto conditioning = ClassifierFreeGuidance{kNegative, 7.5, {0.2, 0.8}}.condition(kText);
  for (const double progress : {0.0, 0.19, 0.8, 0.99}) {
    EXPECT_EQ(conditioning(progress).conditions.size(), 1u) << progress;
    EXPECT_EQ(guided(conditioning(progress)), 2) << progress;
  }
  for (const double progress : {0.2, 0.5, 0.79}) {
    EXPECT_EQ(conditioning(progress).conditions.size(), 2u) << progress;
  }
}

/// ClassifierFreeGuidance between the answers -1, 1 without words and 0, 4 with them, rescaled.
std::vector<float> rescaled_answers(double share) {
  const auto guidance = [](double scale) {
    return ClassifierFreeGuidance{kNegative, scale, {}}.condition(kText);
  };
  const auto step = rescaled(guidance(3), guidance(1), share)(0.5);
  EXPECT_EQ(step.conditions.size(), 2u) << "what both ask about is asked once";
  const Tensor none = Tensor::of({1, 1, 2, 1}, std::vector<float>{-1, 1});
  const Tensor text = Tensor::of({1, 1, 2, 1}, std::vector<float>{0, 4});
  const bool text_first = step.conditions.front().is(Condition(kText));
  return values(step.combine(text_first ? std::vector{text, none} : std::vector{none, text}));
}

TEST(Rescaled, BringsAGuidedPredictionToTheSpreadOfThePromptAlone) {
  // Guided they are 2 and 10, with a deviation of 4; the prompt's alone is 2.
  EXPECT_EQ(rescaled_answers(0), (std::vector<float>{2, 10}));
  EXPECT_EQ(rescaled_answers(1), (std::vector<float>{1, 5}));
  EXPECT_EQ(rescaled_answers(0.5), (std::vector<float>{1.5, 7.5}));
}

TEST(Rescaled, LeavesAPredictionWithoutSpreadAsItIs) {
  const auto guidance = [](double scale) {
    return ClassifierFreeGuidance{kNegative, scale, {}}.condition(kText);
  };
  EXPECT_EQ(guided(rescaled(guidance(3), guidance(1), 1)(0)), 3 + 3 * (2 - 3));
}

TEST(WeightedSum, OnePromptIsAskedOnce) {
  const auto step = weighted_sum({{kText, 2}, {kNegative, 0}, {kText, 3}});
  EXPECT_EQ(step.conditions.size(), 1u);
  EXPECT_EQ(guided(step), 10);
}

TEST(WeightedSum, AMaskSaysWhereATermActs) {
  const Tensor mask = Tensor::of({1, 1, 2, 1}, std::vector<float>{0, 0.5});
  const auto step = weighted_sum({{kText, 1}, {kNegative, 4, mask}, {kText, -4, mask}});
  ASSERT_EQ(step.conditions.size(), 2u) << "one evaluation per prompt";
  const Tensor text = Tensor::of({1, 1, 2, 1}, std::vector<float>{2, 2});
  const Tensor negative = Tensor::of({1, 1, 2, 1}, std::vector<float>{3, 3});
  EXPECT_EQ(values(step.combine({text, negative})), (std::vector<float>{2, 2 + 4 * 0.5f * (3 - 2)}));
}

}  // namespace
}  // namespace latentdial::detail
