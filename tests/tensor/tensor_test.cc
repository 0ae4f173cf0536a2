#include "tensor/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "latentdial/error.h"
#include "tensor/buffer_pool.h"

namespace latentdial::detail {
namespace {

using testing::ElementsAre;

Tensor counting(Shape shape) {
  Tensor x = Tensor::empty(std::move(shape));
  std::iota(x.values().begin(), x.values().end(), 0.0f);
  return x;
}

TEST(Tensor, SlicesAndReshapesShareStorage) {
  Tensor x = counting({3, 2});
  Tensor row = x.slice(1, 2).reshape({2});
  row.values()[0] = 40;
  EXPECT_EQ(x.values()[2], 40);
}

TEST(Tensor, ClonesDoNot) {
  const Tensor x = counting({2});
  Tensor copy = x.clone();
  copy.values()[0] = 40;
  EXPECT_EQ(x.values()[0], 0);
}

TEST(Tensor, ARefusedShapeIsNamed) {
  EXPECT_THROW((void)counting({2, 3}).reshape({4}), Error);
  EXPECT_THROW((void)counting({2, 3}).slice(1, 4), Error);
  EXPECT_THROW((void)Tensor::of({2}, std::vector<float>{1}), Error);
}

TEST(Tensor, NegativeAxesCountFromTheLast) {
  EXPECT_EQ(counting({2, 3, 5}).dim(-1), 5);
}

TEST(Tensor, ChannelsLastAndBack) {
  const Tensor x = counting({2, 3, 2, 2});
  const Tensor y = nchw_to_nhwc(x);
  EXPECT_THAT(y.shape(), ElementsAre(2, 2, 2, 3));
  EXPECT_EQ(y.values()[1], 4);  // Pixel (0,0), channel 1.
  const Tensor back = nhwc_to_nchw(y);
  EXPECT_TRUE(std::equal(back.values().begin(), back.values().end(), x.values().begin()));
}

TEST(Tensor, ConcatRowsStacksAlongTheFirstAxis) {
  const Tensor x = concat_rows({counting({1, 2}), counting({2, 2})});
  EXPECT_THAT(x.shape(), ElementsAre(3, 2));
  EXPECT_EQ(x.values()[2], 0);
  EXPECT_THROW((void)concat_rows({counting({1, 2}), counting({1, 3})}), Error);
}

TEST(BFloat16, RoundsToNearestEven) {
  EXPECT_EQ(static_cast<float>(bfloat16(1.0f)), 1.0f);
  EXPECT_EQ(bfloat16(1.00390625f).bits, bfloat16(1.0f).bits);       // Half-way: to the even neighbour below.
  EXPECT_EQ(bfloat16(1.01171875f).bits, bfloat16(1.015625f).bits);  // Half-way: to the even neighbour above.
  EXPECT_TRUE(std::isnan(static_cast<float>(bfloat16(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_TRUE(std::isinf(static_cast<float>(bfloat16(std::numeric_limits<float>::max()))));
}

TEST(Float16, ReadsNormalSubnormalAndSpecialValues) {
  const auto value = [](std::uint16_t bits) {
    float16 half;
    half.bits = bits;
    return static_cast<float>(half);
  };
  EXPECT_EQ(value(0x3c00), 1.0f);
  EXPECT_EQ(value(0xc000), -2.0f);
  EXPECT_EQ(value(0x7bff), 65504.0f);
  EXPECT_EQ(value(0x0001), std::ldexp(1.0f, -24));
  EXPECT_EQ(value(0x8000), 0.0f);
  EXPECT_TRUE(std::signbit(value(0x8000)));
  EXPECT_TRUE(std::isinf(value(0x7c00)));
  EXPECT_TRUE(std::isnan(value(0x7e00)));
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kBuffersAreSeparate = true;  // So that the sanitizer sees an overrun.
#else
constexpr bool kBuffersAreSeparate = false;
#endif

TEST(Tensor, IsSharedByItsCopiesItsPartsAndItsOwner) {
  Tensor x = Tensor::zeros({4, 2});
  EXPECT_FALSE(x.is_shared());
  {
    const Tensor part = x.slice(0, 1);
    EXPECT_TRUE(x.is_shared());
    EXPECT_TRUE(part.is_shared());
  }
  EXPECT_FALSE(x.is_shared());
  EXPECT_FALSE(x.clone().is_shared());
  const auto bytes = std::make_shared<std::vector<std::byte>>(8);
  EXPECT_TRUE(Tensor::view({2}, DType::f32, bytes->data(), bytes).is_shared());
}

TEST(BufferPool, GivesAlignedMemoryAndRecyclesIt) {
  const std::byte* first = nullptr;
  {
    const auto buffer = pooled_buffer(1 << 20);
    first = buffer.get();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 64, 0u);
  }
  if (kBuffersAreSeparate) GTEST_SKIP() << "each buffer is an allocation of its own";
  EXPECT_EQ(pooled_buffer(1 << 20).get(), first);
  release_idle_buffers();
}

TEST(BufferPool, JoinsWhatNeighboursGiveBack) {
  const std::byte* first = nullptr;
  {
    const auto a = pooled_buffer(1 << 20), b = pooled_buffer(1 << 20), c = pooled_buffer(1 << 20);
    first = a.get();
    if (kBuffersAreSeparate) GTEST_SKIP() << "each buffer is an allocation of its own";
    ASSERT_EQ(b.get(), first + (1 << 20));
  }
  EXPECT_EQ(pooled_buffer(3 << 20).get(), first) << "one buffer where three were";
  release_idle_buffers();
}

TEST(BufferPool, NeverGivesTheSameMemoryTwice) {
  std::mt19937 generator(5);
  std::vector<std::pair<std::shared_ptr<std::byte>, std::size_t>> held;
  for (int round = 0; round < 2000; ++round) {
    const std::size_t bytes = 1 + generator() % (1 << (10 + generator() % 13));
    held.emplace_back(pooled_buffer(bytes), bytes);
    std::memset(held.back().first.get(), round % 251, bytes);
    if (held.size() > 40) held.erase(held.begin() + static_cast<std::ptrdiff_t>(generator() % held.size()));
    for (const auto& [buffer, size] : held) {
      ASSERT_EQ(buffer.get()[0], buffer.get()[size - 1]) << "written by another owner";
    }
  }
}

}  // namespace
}  // namespace latentdial::detail
