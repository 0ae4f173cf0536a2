#include <fmt/format.h>

#include <cmath>

#include "ops/cpu/check.h"
#include "ops/cpu/norm.h"
#include "ops/cpu/operations.h"
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

// Rows [begin, end).
void layer_norm_rows(const Tensor& x, const PackedNorm& norm, Tensor& y, std::int64_t begin,
                     std::int64_t end) {
  const auto columns = x.dim(-1);
  with_type(x.dtype(), [&]<class T>(T) {
    for (auto at = begin * columns; at < end * columns; at += columns) {
      layer_norm_row(x.data<T>() + at, y.data<T>() + at, static_cast<std::size_t>(columns),
                     norm.gamma.data<float>(), norm.beta.data<float>(), norm.epsilon);
    }
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace latentdial::detail::ops::cpu {
namespace {

HWY_EXPORT(layer_norm_rows);

}  // namespace

PackedWeight prepare_norm(const Tensor& gamma, const Tensor& beta, float epsilon) {
  if (!gamma.defined() || gamma.rank() != 1) fault("prepare_norm", "gamma [C] is needed");
  check_parameter("prepare_norm", gamma, gamma.shape());
  check_parameter("prepare_norm", beta, gamma.shape());
  auto packed = std::make_shared<PackedNorm>();
  packed->gamma = gamma.clone();
  packed->beta = beta.clone();
  packed->epsilon = epsilon;
  return packed;
}

Tensor layer_norm(const Context& context, const Tensor& x, const PackedWeight& w) {
  constexpr std::int64_t kRowsAtOnce = 32;
  check_activation("layer_norm", context, x);
  const auto& norm = unpack<PackedNorm>("layer_norm", w);
  if (x.dim(-1) != norm.gamma.count()) {
    fault("layer_norm",
          fmt::format("{} where {} channels are needed", to_string(x.shape()), norm.gamma.count()));
  }
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  parallel_blocks(context.threads, x.count() / x.dim(-1), kRowsAtOnce,
                  [&](std::int64_t begin, std::int64_t end) {
                    HWY_DYNAMIC_DISPATCH(layer_norm_rows)(x, norm, y, begin, end);
                  });
  return y;
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
