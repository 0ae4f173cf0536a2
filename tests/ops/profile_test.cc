#include "ops/profile.h"

#include <gmock/gmock.h>

#include "ops/reference.h"

namespace latentdial::detail::ops::test {
namespace {

TEST(ProfileTest, CountsCallsAndOperationsByShape) {
  const auto profile = std::make_shared<Profile>();
  const auto backend = make_profiled_backend(make_cpu_backend({DType::f32, 2}), profile);
  const auto w = backend->prepare_linear(random_tensor({8, 16}, 1), {});
  for (const std::int64_t rows : {3, 3, 5}) (void)backend->linear(random_tensor({rows, 16}, 2), w);

  const auto rows = profile->rows();
  ASSERT_EQ(rows.size(), 2u);
  const auto& twice = rows[0].calls == 2 ? rows[0] : rows[1];
  EXPECT_EQ(twice.operation, "linear");
  EXPECT_EQ(twice.shapes, "[3, 16] → [3, 8]");
  EXPECT_EQ(twice.calls, 2);
  EXPECT_EQ(twice.flop, 2 * 2.0 * 3 * 16 * 8);
  EXPECT_GT(twice.seconds, 0);
}

TEST(ProfileTest, PutsTheLongestFirst) {
  Profile profile;
  profile.add("add", "a", 1, 0);
  profile.add("conv2d", "b", 2, 0);
  profile.add("add", "a", 3, 0);
  EXPECT_THAT(profile.rows(), testing::ElementsAre(testing::Field(&OperationTime::seconds, 4),
                                                   testing::Field(&OperationTime::seconds, 2)));
}

TEST(ProfileTest, ChangesNoResult) {
  const auto plain = make_cpu_backend({DType::f32, 2});
  const auto profiled = make_profiled_backend(make_cpu_backend({DType::f32, 2}), std::make_shared<Profile>());
  const Tensor x = random_tensor({2, 9, 7, 32}, 1), w = random_tensor({16, 32, 3, 3}, 2);
  const auto run = [&](const Backend& b) { return b.conv2d(x, b.prepare_conv2d(w, {}, {1, 1, 1})); };
  EXPECT_EQ(relative_error(run(*profiled), run(*plain)), 0);
}

}  // namespace
}  // namespace latentdial::detail::ops::test
