// Every sum is compared bit for bit with the loop that it stands for: what is in double and where it is
// rounded decides about pictures.

#include "tensor/arithmetic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

/// [1, 20, 20, 4]: more than one chunk, and not a whole number of them; zeros of both signs among the values.
Tensor random_tensor(unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  Tensor x = Tensor::empty({1, 20, 20, 4});
  for (float& value : x.values()) value = normal(generator);
  x.values()[0] = 0.0F, x.values()[1] = -0.0F;
  return x;
}

std::vector<std::uint32_t> bits(const Tensor& x) {
  std::vector<std::uint32_t> result;
  for (const float value : x.values()) result.push_back(std::bit_cast<std::uint32_t>(value));
  return result;
}

class Arithmetic : public testing::Test {
 protected:
  /// A tensor whose element i is `value(i)`.
  template <class F>
  Tensor each(F value) const {
    Tensor result = Tensor::empty(x_.shape());
    for (std::size_t i = 0; i < result.values().size(); ++i) result.values()[i] = value(i);
    return result;
  }

  const Tensor x_ = random_tensor(1), y_ = random_tensor(2), z_ = random_tensor(3);
};

TEST_F(Arithmetic, ALinearCombinationIsSummedInDoubleAndRoundedOnce) {
  const Tensor expected = each([&](std::size_t i) {
    double sum = 0;
    sum += 0.3 * x_.values()[i];
    sum += -1.7 * y_.values()[i];
    sum += 1e-3 * z_.values()[i];
    return static_cast<float>(sum);
  });
  EXPECT_EQ(bits(linear_combination({{0.3, x_}, {-1.7, y_}, {1e-3, z_}})), bits(expected));
}

TEST_F(Arithmetic, AMaskSaysHowMuchOfATermCounts) {
  Tensor mask = Tensor::empty({1, 20, 20, 1});
  for (std::size_t i = 0; i < mask.values().size(); ++i) mask.values()[i] = static_cast<float>(i % 11) / 10;
  const Tensor expected = each([&](std::size_t i) {
    double sum = 0;
    sum += 0.3 * x_.values()[i];
    const double weight = -1.7 * mask.values()[i / 4];
    sum += weight * y_.values()[i];
    return static_cast<float>(sum);
  });
  EXPECT_EQ(bits(linear_combination({{0.3, x_}, {-1.7, y_, &mask}})), bits(expected));
}

TEST_F(Arithmetic, ALinearCombinationIsOfOneShape) {
  const Tensor other = Tensor::zeros({1, 20, 20, 3}), half = Tensor::zeros(x_.shape(), DType::bf16);
  for (const Tensor* wrong : {&other, &half}) {
    try {
      (void)linear_combination({{1, x_}, {1, *wrong}});
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::internal);
      EXPECT_THAT(error.what(), testing::HasSubstr("f32 tensors of one shape"));
    }
  }
}

TEST_F(Arithmetic, ABlendRoundsOnce) {
  Tensor result = Tensor::empty(x_.shape());
  blend(0.3, x_.values(), -1.7, y_.values(), result.values());
  EXPECT_EQ(bits(result), bits(each([&](std::size_t i) {
              return static_cast<float>(0.3 * x_.values()[i] + -1.7 * y_.values()[i]);
            })));
}

TEST_F(Arithmetic, WhatIsAddedIsRoundedFirst) {
  Tensor sum = x_.clone();
  add_scaled(sum, 0.3, y_);
  EXPECT_EQ(
      bits(sum),
      bits(each([&](std::size_t i) { return x_.values()[i] + static_cast<float>(0.3 * y_.values()[i]); })));
}

TEST_F(Arithmetic, AScaledTensorKeepsItsZeros) {
  EXPECT_EQ(bits(scaled(x_.clone(), -0.3)),
            bits(each([&](std::size_t i) { return static_cast<float>(x_.values()[i] * -0.3); })));
  EXPECT_EQ(bits(scaled(x_.clone(), 14.6F)),
            bits(each([&](std::size_t i) { return x_.values()[i] * 14.6F; })))
      << "by a float it is the product of floats";
}

TEST_F(Arithmetic, ADotProductIsSummedInDouble) {
  const std::vector<float> large = {1e20F, 1, -1e20F}, ones = {1, 1, 1};
  EXPECT_EQ(dot(large, ones), 0) << "in order";
  double sum = 0;
  for (std::size_t i = 0; i < x_.values().size(); ++i)
    sum += static_cast<double>(x_.values()[i]) * y_.values()[i];
  EXPECT_EQ(dot(x_.values(), y_.values()), sum);
}

}  // namespace
}  // namespace latentdial::detail
