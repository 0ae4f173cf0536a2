#include "ops/cpu/cast.h"

#include "ops/cpu/check.h"
#include "ops/cpu/parallel.h"
#include "ops/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/cast.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

template <class From, class To>
void cast_span(const From* from, To* to, std::size_t count) {
  const std::size_t lanes = hn::Lanes(Floats());
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) store(load(from + i), to + i);
  if (i < count) store_part(load_part(from + i, count - i), to + i, count - i);
}

void narrow(const float* from, bfloat16* to, std::size_t count) {
  cast_span(from, to, count);
}
void widen(const bfloat16* from, float* to, std::size_t count) {
  cast_span(from, to, count);
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace latentdial::detail::ops::cpu {
namespace {

HWY_EXPORT(narrow);
HWY_EXPORT(widen);

constexpr std::int64_t kBlock = 1 << 15;

}  // namespace

Tensor to_device(const Context& context, const Tensor& host) {
  check_activation("to_device", {DType::f32, context.threads}, host);
  if (context.dtype == DType::f32) return host;
  Tensor y = Tensor::empty(host.shape(), DType::bf16);
  parallel_blocks(context.threads, host.count(), kBlock, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(narrow)
    (host.data<float>() + begin, y.data<bfloat16>() + begin, static_cast<std::size_t>(end - begin));
  });
  return y;
}

Tensor to_host(const Context& context, const Tensor& device) {
  check_activation("to_host", context, device);
  if (context.dtype == DType::f32) return device;
  Tensor y = Tensor::empty(device.shape(), DType::f32);
  parallel_blocks(context.threads, device.count(), kBlock, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(widen)
    (device.data<bfloat16>() + begin, y.data<float>() + begin, static_cast<std::size_t>(end - begin));
  });
  return y;
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
