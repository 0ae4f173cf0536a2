#include <fmt/format.h>

#include <cmath>

#include "ops/cpu/check.h"
#include "ops/cpu/norm.h"
#include "ops/cpu/parallel.h"
#include "ops/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/layer_norm.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

template <class T>
float row_mean(const T* x, std::size_t columns) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  auto sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= columns; i += lanes) sum = hn::Add(sum, load(x + i));
  if (i < columns) sum = hn::Add(sum, load_part(x + i, columns - i));
  return hn::GetLane(hn::SumOfLanes(d, sum)) / static_cast<float>(columns);
}

template <class T>
float row_variance(const T* x, std::size_t columns, float mean) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  const auto center = hn::Set(d, mean);
  auto sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= columns; i += lanes) {
    const auto difference = hn::Sub(load(x + i), center);
    sum = hn::MulAdd(difference, difference, sum);
  }
  if (const auto rest = columns - i; rest > 0) {
    const auto part = hn::Sub(load_part(x + i, rest), center);
    const auto difference = hn::IfThenElseZero(hn::FirstN(d, rest), part);
    sum = hn::MulAdd(difference, difference, sum);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum)) / static_cast<float>(columns);
}

// y = (x − mean)·rstd·gamma + beta
template <class T>
void layer_norm_row(const T* x, T* y, std::size_t columns, const float* gamma, const float* beta,
                    float epsilon) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  const float mean = row_mean(x, columns);
  const auto center = hn::Set(d, mean);
  const auto rstd = hn::Set(d, 1.0f / std::sqrt(row_variance(x, columns, mean) + epsilon));
  std::size_t i = 0;
  for (; i + lanes <= columns; i += lanes) {
    const auto normal = hn::Mul(hn::Sub(load(x + i), center), rstd);
    store(hn::MulAdd(normal, load(gamma + i), load(beta + i)), y + i);
  }
  if (const auto rest = columns - i; rest > 0) {
    const auto normal = hn::Mul(hn::Sub(load_part(x + i, rest), center), rstd);
    store_part(hn::MulAdd(normal, load_part(gamma + i, rest), load_part(beta + i, rest)), y + i, rest);
  }
}

void layer_norm_f32(const float* x, float* y, std::size_t columns, const float* gamma, const float* beta,
                    float epsilon) {
  layer_norm_row(x, y, columns, gamma, beta, epsilon);
}
void layer_norm_bf16(const bfloat16* x, bfloat16* y, std::size_t columns, const float* gamma,
                     const float* beta, float epsilon) {
  layer_norm_row(x, y, columns, gamma, beta, epsilon);
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace latentdial::detail::ops::cpu {
namespace {

HWY_EXPORT(layer_norm_f32);
HWY_EXPORT(layer_norm_bf16);

constexpr std::int64_t kRowsAtOnce = 32;

}  // namespace

Tensor layer_norm(const Context& context, const Tensor& x, const PackedWeight& w) {
  check_activation("layer_norm", context, x);
  const auto& norm = unpack<PackedNorm>("layer_norm", w);
  const auto columns = x.dim(-1);
  if (columns != norm.gamma.count()) {
    fault("layer_norm",
          fmt::format("{} where {} channels are needed", to_string(x.shape()), norm.gamma.count()));
  }
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  const auto *gamma = norm.gamma.data<float>(), *beta = norm.beta.data<float>();
  parallel_blocks(context.threads, x.count() / columns, kRowsAtOnce,
                  [&](std::int64_t begin, std::int64_t end) {
                    const auto count = static_cast<std::size_t>(columns);
                    for (auto at = begin * columns; at < end * columns; at += columns) {
                      if (context.dtype == DType::bf16) {
                        HWY_DYNAMIC_DISPATCH(layer_norm_bf16)
                        (x.data<bfloat16>() + at, y.data<bfloat16>() + at, count, gamma, beta, norm.epsilon);
                      } else {
                        HWY_DYNAMIC_DISPATCH(layer_norm_f32)
                        (x.data<float>() + at, y.data<float>() + at, count, gamma, beta, norm.epsilon);
                      }
                    }
                  });
  return y;
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
