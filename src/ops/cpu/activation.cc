#include "ops/cpu/activation.h"

#include "ops/cpu/check.h"
#include "ops/cpu/parallel.h"
#include "ops/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/activation.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

template <Activation kActivation, class T>
void activate_span(const T* x, T* y, std::size_t count) {
  const std::size_t lanes = hn::Lanes(Floats());
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) store(activated<kActivation>(load(x + i)), y + i);
  if (i < count) store_part(activated<kActivation>(load_part(x + i, count - i)), y + i, count - i);
}

template <class T>
void activate_span(Activation activation, const T* x, T* y, std::size_t count) {
  switch (activation) {
    case Activation::none:
      return activate_span<Activation::none>(x, y, count);
    case Activation::silu:
      return activate_span<Activation::silu>(x, y, count);
    case Activation::gelu:
      return activate_span<Activation::gelu>(x, y, count);
    case Activation::quick_gelu:
      return activate_span<Activation::quick_gelu>(x, y, count);
    case Activation::relu:
      return activate_span<Activation::relu>(x, y, count);
  }
}

template <class T>
void geglu_row(const T* x, T* y, std::size_t columns) {
  const T* gate = x + columns;
  const std::size_t lanes = hn::Lanes(Floats());
  std::size_t i = 0;
  for (; i + lanes <= columns; i += lanes) store(hn::Mul(load(x + i), gelu(load(gate + i))), y + i);
  if (const auto rest = columns - i; rest > 0) {
    store_part(hn::Mul(load_part(x + i, rest), gelu(load_part(gate + i, rest))), y + i, rest);
  }
}

void activate_f32(Activation activation, const float* x, float* y, std::size_t count) {
  activate_span(activation, x, y, count);
}
void activate_bf16(Activation activation, const bfloat16* x, bfloat16* y, std::size_t count) {
  activate_span(activation, x, y, count);
}
void geglu_f32(const float* x, float* y, std::size_t columns) {
  geglu_row(x, y, columns);
}
void geglu_bf16(const bfloat16* x, bfloat16* y, std::size_t columns) {
  geglu_row(x, y, columns);
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace latentdial::detail::ops::cpu {
namespace {

HWY_EXPORT(activate_f32);
HWY_EXPORT(activate_bf16);
HWY_EXPORT(geglu_f32);
HWY_EXPORT(geglu_bf16);

constexpr std::int64_t kBlock = 1 << 14;

}  // namespace

Tensor activate(const Context& context, const Tensor& x, Activation activation) {
  check_activation("activate", context, x);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  parallel_blocks(context.threads, x.count(), kBlock, [&](std::int64_t begin, std::int64_t end) {
    const auto count = static_cast<std::size_t>(end - begin);
    if (context.dtype == DType::bf16) {
      HWY_DYNAMIC_DISPATCH(activate_bf16)
      (activation, x.data<bfloat16>() + begin, y.data<bfloat16>() + begin, count);
    } else {
      HWY_DYNAMIC_DISPATCH(activate_f32)(activation, x.data<float>() + begin, y.data<float>() + begin, count);
    }
  });
  return y;
}

Tensor geglu(const Context& context, const Tensor& x) {
  check_activation("geglu", context, x);
  if (x.dim(-1) % 2 != 0) fault("geglu", "the last axis must be even");
  Shape shape = x.shape();
  shape.back() /= 2;
  Tensor y = Tensor::empty(shape, x.dtype());
  const auto columns = y.dim(-1);
  if (columns == 0) return y;
  parallel_for(context.threads, y.count() / columns, [&](std::int64_t row, int /*thread*/) {
    const auto from = row * 2 * columns, to = row * columns;
    const auto count = static_cast<std::size_t>(columns);
    if (context.dtype == DType::bf16) {
      HWY_DYNAMIC_DISPATCH(geglu_bf16)(x.data<bfloat16>() + from, y.data<bfloat16>() + to, count);
    } else {
      HWY_DYNAMIC_DISPATCH(geglu_f32)(x.data<float>() + from, y.data<float>() + to, count);
    }
  });
  return y;
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
