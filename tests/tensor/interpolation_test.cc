#include "tensor/interpolation.h"

#include <gtest/gtest.h>

#include <vector>

namespace latentdial::detail {
namespace {

std::vector<float> values_of(const Tensor& x) {
  return {x.values().begin(), x.values().end()};
}

/// As torch.nn.functional.interpolate(x, size=(4, 4), mode="bilinear") has them.
TEST(EnlargedBilinearly, LiesBetweenTheCentresOfPlaces) {
  const Tensor x = Tensor::of({1, 2, 2, 1}, std::vector<float>{0, 4, 8, 12});
  EXPECT_EQ(values_of(enlarged_bilinearly(x, 4, 4)),
            (std::vector<float>{0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12}));
}

TEST(EnlargedBilinearly, KeepsChannelsApart) {
  const Tensor x = Tensor::of({1, 1, 2, 2}, std::vector<float>{0, 10, 4, 30});
  EXPECT_EQ(values_of(enlarged_bilinearly(x, 1, 4)), (std::vector<float>{0, 10, 1, 15, 3, 25, 4, 30}));
}

TEST(EnlargedBilinearly, OfTheSameSizeIsTheSame) {
  const Tensor x = Tensor::of({1, 2, 3, 1}, std::vector<float>{5, 2, 9, 1, 7, 3});
  EXPECT_EQ(values_of(enlarged_bilinearly(x, 2, 3)), values_of(x));
}

TEST(EnlargedBilinearly, TakesAnyFactor) {
  const Tensor x = Tensor::of({1, 1, 2, 1}, std::vector<float>{0, 3});
  const auto made = values_of(enlarged_bilinearly(x, 1, 3));
  EXPECT_NEAR(made[0], 0, 1e-6);
  EXPECT_NEAR(made[1], 1.5, 1e-6);
  EXPECT_NEAR(made[2], 3, 1e-6);
}

}  // namespace
}  // namespace latentdial::detail
