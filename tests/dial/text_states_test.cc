// Emphasis and length of encodings, against values computed by hand.

#include "dial/text_states.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dial_testing.h"

namespace latentdial::detail {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

Tensor tokens(const std::vector<float>& values) {
  return Tensor::of({1, static_cast<std::int64_t>(values.size()), 1}, values);
}

TEST(Emphasise, WeighsTokensAndRestoresTheMean) {
  // [1, 2, 4, 1] → [1, 3, 4, 0.5], mean 2 → 2.125, so all times 16/17.
  const std::vector<float> weights = {1, 1.5F, 1, 0.5F};
  EXPECT_THAT(values(emphasise(tokens({1, 2, 4, 1}), weights, 4)),
              Pointwise(FloatNear(1e-6F), {16 / 17.0F, 48 / 17.0F, 64 / 17.0F, 8 / 17.0F}));
}

TEST(Emphasise, KeepsEachWindowsOwnMean) {
  // [2, 4] → [4, 4], times 3/4; the other window has no weights.
  const std::vector<float> weights = {2, 1, 1, 1};
  EXPECT_THAT(values(emphasise(tokens({2, 4, 5, 7}), weights, 2)), Pointwise(FloatNear(1e-6F), {3, 3, 5, 7}));
}

TEST(Emphasise, ChangesNothingWithoutWeights) {
  const std::vector<float> weights = {1, 1};
  EXPECT_THAT(values(emphasise(tokens({0.1F, 0.7F}), weights, 2)), ElementsAre(0.1F, 0.7F));
}

TEST(Emphasise, AMeanOfNothingIsLeft) {
  const std::vector<float> weights = {2, 2};
  EXPECT_THAT(values(emphasise(tokens({1, -1}), weights, 2)), ElementsAre(2, -2));
}

TEST(SameLength, RepeatsTheShorter) {
  const auto states = same_length({tokens({1, 2}), tokens({3, 4, 5, 6})});
  EXPECT_THAT(values(states[0]), ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(values(states[1]), ElementsAre(3, 4, 5, 6));
  const auto odd = same_length({tokens({1, 2}), tokens({3, 4, 5})});
  EXPECT_THAT(values(odd[0]), ElementsAre(1, 2, 1, 2, 1, 2));
  EXPECT_THAT(values(odd[1]), ElementsAre(3, 4, 5, 3, 4, 5));
}

TEST(SameLength, IsBounded) {
  const std::vector<float> five = {1, 2, 3, 4, 5}, six = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(same_length({tokens({1, 2, 3, 4}), tokens(five)})[0].dim(1), 20);
  const auto states = same_length({tokens(five), tokens(six)});
  EXPECT_THAT(values(states[0]), ElementsAre(1, 2, 3, 4, 5, 1)) << "30 would be too long";
  EXPECT_THAT(values(states[1]), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(SumOfSteps, AsksForASharedPromptOnce) {
  const Tensor none = Tensor::of({1, 1, 1}, std::vector<float>{7}),
               dog = Tensor::of({1, 1, 1}, std::vector<float>{1}),
               cat = Tensor::of({1, 1, 1}, std::vector<float>{3});
  const ClassifierFreeGuidance guidance{none, 2, {}};
  const auto guided_by = [&](const Tensor& states) { return weighted_sum(guidance.terms(states, 0)); };
  // ε_∅ + 1.5·2·(1 − 7) + 0.5·2·(3 − 7)
  const auto step = sum_of_steps(
      {{1 - 1.5 - 0.5, weighted_sum({{none, 1}})}, {1.5, guided_by(dog)}, {0.5, guided_by(cat)}});
  EXPECT_EQ(step.conditions.size(), 3u);
  EXPECT_NEAR(guided(step), 7 + 3 * (1 - 7) + 1 * (3 - 7), 1e-5);
}

}  // namespace
}  // namespace latentdial::detail
