// How far an edit went, beside what two unrelated pictures differ by.

#include "session/visible_change.h"

#include <gtest/gtest.h>

#include "diffusion/random.h"

namespace latentdial::detail {
namespace {

Tensor picture(std::uint64_t seed) {
  return TorchGenerator(seed).randn_nhwc({1, 64, 64, 4});
}

Tensor moved(const Tensor& from, const Tensor& towards, float share) {
  Tensor result = from.clone();
  for (std::size_t i = 0; i < result.values().size(); ++i)
    result.values()[i] += share * (towards.values()[i] - from.values()[i]);
  return result;
}

TEST(VisibleChange, IsNoneOfThePictureItselfAndAllOfAnUnrelatedOne) {
  EXPECT_EQ(visible_change(picture(1), picture(1), {}), 0);
  EXPECT_NEAR(visible_change(picture(1), picture(2), {}), 1, 0.02);
}

TEST(VisibleChange, GrowsWithTheShare) {
  EXPECT_NEAR(visible_change(picture(1), moved(picture(1), picture(2), 0.1F), {}), 0.105, 0.01);
  EXPECT_GT(visible_change(picture(1), moved(picture(1), picture(2), 0.2F), {}), 0.18);
}

TEST(VisibleChange, OfAnEvenPictureIsAllWhereTheColourChanges) {
  const Tensor grey = Tensor::of({1, 1, 2, 1}, std::vector<float>{0.5F, 0.5F});
  const Tensor white = Tensor::of({1, 1, 2, 1}, std::vector<float>{1, 1});
  EXPECT_EQ(visible_change(grey, grey, {}), 0);
  EXPECT_NEAR(visible_change(grey, white, {}), 1, 1e-9);
}

TEST(VisibleChange, CountsWithinTheMaskAlone) {
  const Tensor before = Tensor::of({1, 1, 4, 1}, std::vector<float>{1, 2, 3, 4});
  const Tensor after = Tensor::of({1, 1, 4, 1}, std::vector<float>{2, 1, 3, 4});
  const Tensor left = Tensor::of({1, 1, 4, 1}, std::vector<float>{1, 1, 0, 0});
  const Tensor right = Tensor::of({1, 1, 4, 1}, std::vector<float>{0, 0, 1, 1});
  const Tensor nowhere = Tensor::zeros({1, 1, 4, 1});
  EXPECT_GT(visible_change(before, after, left), visible_change(before, after, {}));
  EXPECT_EQ(visible_change(before, after, right), 0);
  EXPECT_EQ(visible_change(before, before, nowhere), 1) << "nothing can be said";
}

}  // namespace
}  // namespace latentdial::detail
