#include "ops/cpu/add.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/cpu/check.h"
#include "ops/cpu/parallel.h"
#include "ops/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/add.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

// y[i] = combine(a[i], b[i])
template <class T, class Combine>
void combine_spans(const T* a, const T* b, T* y, std::size_t count, const Combine& combine) {
  const std::size_t lanes = hn::Lanes(Floats());
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) store(combine(load(a + i), load(b + i)), y + i);
  if (const auto rest = count - i; rest > 0) {
    store_part(combine(load_part(a + i, rest), load_part(b + i, rest)), y + i, rest);
  }
}

template <class T>
void add_spans(const T* a, const T* b, T* y, std::size_t count) {
  combine_spans(a, b, y, count, [](auto left, auto right) { return hn::Add(left, right); });
}

// Equal values stay as they are, to the bit.
template <class T>
void mix_spans(const T* a, const T* b, float share, T* y, std::size_t count) {
  const auto of_b = hn::Set(Floats(), share);
  combine_spans(a, b, y, count,
                [&](auto left, auto right) { return hn::MulAdd(of_b, hn::Sub(right, left), left); });
}

void add_f32(const float* a, const float* b, float* y, std::size_t count) {
  add_spans(a, b, y, count);
}
void add_bf16(const bfloat16* a, const bfloat16* b, bfloat16* y, std::size_t count) {
  add_spans(a, b, y, count);
}
void mix_f32(const float* a, const float* b, float share, float* y, std::size_t count) {
  mix_spans(a, b, share, y, count);
}
void mix_bf16(const bfloat16* a, const bfloat16* b, float share, bfloat16* y, std::size_t count) {
  mix_spans(a, b, share, y, count);
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace latentdial::detail::ops::cpu {
namespace {

HWY_EXPORT(add_f32);
HWY_EXPORT(add_bf16);
HWY_EXPORT(mix_f32);
HWY_EXPORT(mix_bf16);

constexpr std::int64_t kBlock = 1 << 14;

// y[i] = a[i] + b[i mod count(b)]
void add_repeated(const Context& context, const Tensor& a, const Tensor& b, Tensor& y) {
  const auto period = b.count();
  parallel_blocks(context.threads, a.count(), kBlock, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end;) {
      const auto phase = i % period;
      const auto run = std::min(end - i, period - phase);
      const auto count = static_cast<std::size_t>(run);
      if (context.dtype == DType::bf16) {
        HWY_DYNAMIC_DISPATCH(add_bf16)
        (a.data<bfloat16>() + i, b.data<bfloat16>() + phase, y.data<bfloat16>() + i, count);
      } else {
        HWY_DYNAMIC_DISPATCH(add_f32)
        (a.data<float>() + i, b.data<float>() + phase, y.data<float>() + i, count);
      }
      i += run;
    }
  });
}

}  // namespace

Tensor add(const Context& context, const Tensor& a, const Tensor& b) {
  check_activation("add", context, a);
  check_activation("add", context, b);
  const bool trailing =
      b.rank() <= a.rank() && std::equal(b.shape().rbegin(), b.shape().rend(), a.shape().rbegin());
  if (!trailing) {
    fault("add", fmt::format("{} is not a trailing part of {}", to_string(b.shape()), to_string(a.shape())));
  }
  Tensor y = Tensor::empty(a.shape(), a.dtype());
  add_repeated(context, a, b, y);
  return y;
}

Tensor mix(const Context& context, const Tensor& a, const Tensor& b, float share) {
  check_activation("mix", context, a);
  check_activation("mix", context, b, a.shape());
  Tensor y = Tensor::empty(a.shape(), a.dtype());
  parallel_blocks(context.threads, a.count(), kBlock, [&](std::int64_t begin, std::int64_t end) {
    const auto count = static_cast<std::size_t>(end - begin);
    if (context.dtype == DType::bf16) {
      HWY_DYNAMIC_DISPATCH(mix_bf16)
      (a.data<bfloat16>() + begin, b.data<bfloat16>() + begin, share, y.data<bfloat16>() + begin, count);
    } else {
      HWY_DYNAMIC_DISPATCH(mix_f32)
      (a.data<float>() + begin, b.data<float>() + begin, share, y.data<float>() + begin, count);
    }
  });
  return y;
}

void add_to(const Context& context, Tensor& y, const Tensor& x) {
  add_repeated(context, y, x, y);
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
