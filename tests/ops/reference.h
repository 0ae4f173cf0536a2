#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "ops/cpu/int8_kernel.h"
#include "ops/cpu_backend.h"

/// What every test of the operations needs: random tensors, a comparison, and one suite per activation type.
namespace latentdial::detail::ops::test {

inline Tensor random_tensor(Shape shape, unsigned seed, float scale = 1.0f) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  Tensor x = Tensor::empty(std::move(shape));
  for (auto& value : x.values()) value = normal(generator);
  return x;
}

/// A tensor whose values are `value(i)` for the flat index i.
inline Tensor tensor_of(Shape shape, const std::function<double(std::int64_t)>& value) {
  Tensor x = Tensor::empty(std::move(shape));
  for (std::int64_t i = 0; i < x.count(); ++i) x.data<float>()[i] = static_cast<float>(value(i));
  return x;
}

inline double activation(Activation kind, double x) {
  switch (kind) {
    case Activation::none:
      return x;
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::gelu:
      return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case Activation::quick_gelu:
      return x / (1 + std::exp(-1.702 * x));
    case Activation::relu:
      return x > 0 ? x : 0;
    case Activation::leaky_relu:
      return x > 0 ? x : 0.2 * x;
  }
  return x;
}

/// max |Δ| / max |expected|, infinite when a value is not finite.
inline double relative_error(const Tensor& actual, const Tensor& expected) {
  double largest = 1e-30, worst = 0;
  for (std::int64_t i = 0; i < expected.count(); ++i) {
    const double a = static_cast<double>(actual.values()[static_cast<std::size_t>(i)]);
    const double b = static_cast<double>(expected.values()[static_cast<std::size_t>(i)]);
    if (!std::isfinite(a)) return INFINITY;
    largest = std::max(largest, std::abs(b));
    worst = std::max(worst, std::abs(a - b));
  }
  return worst / largest;
}

/// What to ask for and the relative error to allow: f32 sums differ in order, and bf16 rounds a result to 8
/// bits (at most 2^-9, twice that where a residual is added to a rounded value).
struct Precision {
  DType dtype;
  Arithmetic arithmetic;
  double tolerance;
  bool int8 = false;

  [[nodiscard]] BackendOptions options(int threads) const { return {dtype, threads, arithmetic, int8}; }
};
inline std::string label(const Precision& p) {
  if (p.int8) return "int8";
  if (p.dtype == DType::bf16 && p.arithmetic == Arithmetic::f32) return "bf16_widened";
  if (p.arithmetic == Arithmetic::bf16) return "bf16_pairs";
  return std::string(name(p.dtype));
}
inline void PrintTo(const Precision& p, std::ostream* out) {
  *out << label(p);
}

class OpsTest : public testing::TestWithParam<Precision> {
 protected:
  /// The values as the back end holds them, so that only its arithmetic is judged.
  [[nodiscard]] Tensor held(const Tensor& x) const { return backend_->to_host(backend_->to_device(x)); }
  [[nodiscard]] Tensor on_device(const Tensor& x) const { return backend_->to_device(x); }

  void expect_close(const Tensor& actual, const Tensor& expected, double times_tolerance = 1) const {
    ASSERT_EQ(actual.shape(), expected.shape());
    ASSERT_EQ(actual.dtype(), backend_->dtype());
    EXPECT_LE(relative_error(backend_->to_host(actual), expected), times_tolerance * GetParam().tolerance);
  }

  /// Calls `op` with one and with two threads and expects the same bits.
  void expect_same_bits(const std::function<Tensor(const Backend&)>& op) const {
    const auto one = make_cpu_backend(GetParam().options(1)), two = make_cpu_backend(GetParam().options(2));
    const Tensor a = op(*one), b = op(*two);
    ASSERT_EQ(a.shape(), b.shape());
    EXPECT_TRUE(std::equal(a.raw(), a.raw() + a.bytes(), b.raw()));
  }

  std::unique_ptr<Backend> backend_ = make_cpu_backend(GetParam().options(2));
};

/// f32, bf16 through f32, 8-bit products, and the processor's own bf16 where oneDNN has a kernel for it.
inline auto precisions() {
  std::vector<Precision> all{{DType::f32, Arithmetic::f32, 1e-5},
                             {DType::bf16, Arithmetic::f32, 5e-3},
                             {DType::bf16, Arithmetic::f32, cpu::largest_weight() < 127 ? 3e-2 : 2e-2, true}};
  const char* set = std::getenv("ONEDNN_MAX_CPU_ISA");
  const std::int64_t vectors = hwy::SupportedTargets();
  if (set == nullptr && (vectors & (HWY_AVX3 | HWY_AVX3_DL)) != 0) {
    all.push_back({DType::bf16, Arithmetic::bf16, 5e-3});
    all.push_back({DType::bf16, Arithmetic::bf16_matrix, 5e-3});
  }
  return testing::ValuesIn(all);
}
inline std::string precision_name(const testing::TestParamInfo<Precision>& info) {
  return label(info.param);
}

}  // namespace latentdial::detail::ops::test
