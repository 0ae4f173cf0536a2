#include <gmock/gmock.h>

#include <vector>

#include "ops/cpu/int8_kernel.h"
#include "ops/reference.h"

namespace latentdial::detail::ops::test {
namespace {

using cpu::quantization_of;
using cpu::quantize;
using cpu::range_of;

TEST(QuantizationTest, CoversTheRangeAndKeepsZeroExact) {
  const std::vector<float> x = {-0.3f, 0.0f, 2.0f, 5.7f, 1.1f};
  const auto q = quantization_of(range_of(x.data(), x.size()));
  std::vector<std::uint8_t> bytes(x.size());
  quantize(x.data(), x.size(), q, bytes.data());
  EXPECT_EQ(static_cast<float>(bytes[1]), q.zero);
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(q.scale * (static_cast<float>(bytes[i]) - q.zero), x[i], q.scale * 0.5001f);
  }
}

TEST(QuantizationTest, TakesZerosOnly) {
  const std::vector<float> x(70, 0.0f);
  std::vector<std::uint8_t> bytes(x.size(), 9);
  const auto q = quantization_of(range_of(x.data(), x.size()));
  quantize(x.data(), x.size(), q, bytes.data());
  EXPECT_THAT(bytes, testing::Each(static_cast<std::uint8_t>(q.zero)));
}

TEST(QuantizationTest, IncludesZeroInARangeAwayFromIt) {
  const std::vector<float> x = {3.0f, 4.0f};
  EXPECT_EQ(range_of(x.data(), x.size()).low, 0.0f);
}

class Int8Test : public testing::Test {
 protected:
  std::unique_ptr<Backend> backend_ = make_cpu_backend({DType::bf16, 2, Arithmetic::f32, true});
  std::unique_ptr<Backend> bf16_ = make_cpu_backend({DType::bf16, 2, Arithmetic::f32});
};

// Whole numbers that fill the 8-bit ranges are represented exactly, so the product must be exact too: the sum
// of 1024 largest products would overflow 16 bits, and the bf16 result has no rounding at these values.
TEST_F(Int8Test, MultipliesWholeNumbersExactly) {
  const int largest = cpu::largest_weight();
  const Tensor x = tensor_of({3, 1024}, [](std::int64_t i) { return i % 2 == 0 ? 255 : 0; });
  const Tensor w = tensor_of({40, 1024}, [&](std::int64_t i) { return i % 4 == 0 ? largest : -largest; });
  const auto packed = backend_->prepare_linear(w, {});
  const Tensor y = backend_->to_host(backend_->linear(backend_->to_device(x), packed));
  EXPECT_THAT(std::vector<float>(y.values().begin(), y.values().end()), testing::Each(0.0f));
  const Tensor ones = tensor_of({40, 1024}, [&](std::int64_t) { return largest; });
  const Tensor full = tensor_of({3, 1024}, [](std::int64_t) { return 255; });
  const auto full_sum = 1024.0f * 255 * static_cast<float>(largest);
  const Tensor sum =
      backend_->to_host(backend_->linear(backend_->to_device(full), backend_->prepare_linear(ones, {})));
  EXPECT_THAT(std::vector<float>(sum.values().begin(), sum.values().end()),
              testing::Each(testing::FloatNear(full_sum, full_sum / 256)));
}

TEST_F(Int8Test, EachPictureOfABatchHasItsOwnRange) {
  Tensor x = random_tensor({2, 8, 8, 32}, 1);
  for (std::int64_t i = 0; i < x.count() / 2; ++i) x.data<float>()[i] *= 1000;  // The first picture.
  const Tensor w = random_tensor({32, 32, 3, 3}, 2, 0.2f);
  const auto run = [&](const Backend& b) {
    return b.to_host(b.conv2d(b.to_device(x), b.prepare_conv2d(w, {}, {1, 1, 1}))).slice(1, 2);
  };
  EXPECT_LE(relative_error(run(*backend_), run(*bf16_)), 2e-2);
}

TEST_F(Int8Test, LayersOfFullPrecisionAreLeftAlone) {
  const Tensor x = random_tensor({5, 64}, 1), w = random_tensor({32, 64}, 2);
  const auto run = [&](const Backend& b) {
    return b.to_host(b.linear(b.to_device(x), b.prepare_linear(w, {}, ops::Precision::full)));
  };
  EXPECT_EQ(relative_error(run(*backend_), run(*bf16_)), 0);
}

}  // namespace
}  // namespace latentdial::detail::ops::test
