#include "dial/slerp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

Tensor vector(std::vector<float> values) {
  const auto n = static_cast<std::int64_t>(values.size());
  return Tensor::of({n}, values);
}

std::vector<float> values(const Tensor& x) {
  return {x.values().begin(), x.values().end()};
}

TEST(Slerp, HalfWayBetweenUnitAxesLiesOnTheCircle) {
  const float half = std::numbers::sqrt2_v<float> / 2;
  EXPECT_THAT(values(slerp(vector({1, 0}), vector({0, 1}), 0.5)), Pointwise(FloatNear(1e-6f), {half, half}));
}

TEST(Slerp, AThirdOfARightAngleIsThirtyDegrees) {
  const std::vector<float> expected = {std::cos(std::numbers::pi_v<float> / 6), 0.5f};
  EXPECT_THAT(values(slerp(vector({1, 0}), vector({0, 1}), 1.0 / 3)), Pointwise(FloatNear(1e-6f), expected));
}

TEST(Slerp, DoesNotNormaliseItsInputs) {
  // sin(45°)/sin(90°) of each end: lengths 2 and 4 are kept in proportion.
  const float s = std::sin(std::numbers::pi_v<float> / 4);
  EXPECT_THAT(values(slerp(vector({2, 0}), vector({0, 4}), 0.5)),
              Pointwise(FloatNear(1e-6f), {2 * s, 4 * s}));
}

TEST(Slerp, EndsAreBitExact) {
  const Tensor a = vector({0.1f, -0.7f, 3.3f}), b = vector({1.9f, 0.2f, -0.4f});
  EXPECT_EQ(values(slerp(a, b, 0)), values(a));
  EXPECT_EQ(values(slerp(a, b, 1)), values(b));
}

TEST(Slerp, NegativeThetaTurnsTheOtherWay) {
  const float half = std::numbers::sqrt2_v<float> / 2;
  EXPECT_THAT(values(slerp(vector({1, 0}), vector({0, 1}), -0.5)),
              Pointwise(FloatNear(1e-6f), {half, -half}));
}

TEST(Slerp, NearlyParallelVectorsFallBackToLerp) {
  EXPECT_THAT(values(slerp(vector({1, 0}), vector({3, 0.001f}), 0.5)),
              Pointwise(FloatNear(1e-7f), {2.0f, 0.0005f}));
  EXPECT_THAT(values(slerp(vector({1, 0}), vector({-1, 0}), 0.25)),
              Pointwise(FloatNear(1e-7f), {0.5f, 0.0f}));
}

TEST(Slerp, AZeroVectorFallsBackToLerp) {
  EXPECT_THAT(values(slerp(vector({0, 0}), vector({2, 4}), 0.25)), ElementsAre(0.5f, 1.0f));
}

TEST(Slerp, PerTokenTurnsEachRowByItsOwnAngle) {
  const Tensor a = Tensor::of({2, 2}, std::vector<float>{1, 0, 1, 0});
  const Tensor b = Tensor::of({2, 2}, std::vector<float>{0, 1, 1, 0});
  const float half = std::numbers::sqrt2_v<float> / 2;
  EXPECT_THAT(values(slerp_per_token(a, b, 0.5)), Pointwise(FloatNear(1e-6f), {half, half, 1.0f, 0.0f}));
}

TEST(Slerp, DifferentShapesAreRefused) {
  EXPECT_THROW((void)slerp(vector({1}), vector({1, 2}), 0.5), Error);
}

TEST(Lerp, IsAStraightLine) {
  EXPECT_THAT(values(lerp(vector({0, 4}), vector({2, 0}), 0.25)), ElementsAre(0.5f, 3.0f));
}

}  // namespace
}  // namespace latentdial::detail
