#include "ops/cpu/int8_kernel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "ops/cpu/onednn.h"
#include "ops/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/int8_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/byte_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

template <class Products, std::size_t kRows>
void multiply_tile(const std::uint8_t* HWY_RESTRICT a, const std::int8_t* HWY_RESTRICT panel,
                   std::size_t depth_blocks, std::int32_t* HWY_RESTRICT c) {
  const Ints d;
  const std::size_t lanes = hn::Lanes(d);
  IntVector sums[kRows][kProductVectors];
  for (auto& row : sums) row[0] = row[1] = hn::Zero(d);
  const auto* b = reinterpret_cast<const std::int32_t*>(panel);
  for (std::size_t block = 0; block < depth_blocks; ++block) {
#pragma GCC unroll 16
    for (std::size_t k = 0; k < kDepthBlock; ++k) {
      const auto b0 = hn::LoadU(d, b), b1 = hn::LoadU(d, b + lanes);
      b += kProductVectors * lanes;
      for (std::size_t r = 0; r < kRows; ++r) {
        std::int32_t four;
        std::memcpy(&four, a + r * kInt8DepthBlock + k * 4, sizeof(four));
        const auto factor = hn::Set(d, four);
        sums[r][0] = Products::add(sums[r][0], factor, b0);
        sums[r][1] = Products::add(sums[r][1], factor, b1);
      }
    }
    a += kRows * kInt8DepthBlock;
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kProductVectors; ++v)
      hn::StoreU(sums[r][v], d, c + (r * kProductVectors + v) * lanes);
  }
}

using TileKernel = void (*)(const std::uint8_t*, const std::int8_t*, std::size_t, std::int32_t*);

template <class Products, std::size_t... kRowsLessOne>
TileKernel kernel_of(std::size_t rows, std::index_sequence<kRowsLessOne...>) {
  static constexpr std::array<TileKernel, kProductRows> kKernels{
      &multiply_tile<Products, kRowsLessOne + 1>...};
  return kKernels[rows - 1];
}

ByteProducts byte_products_target() {
#if LATENTDIAL_BYTE_QUADS
  if (onednn::has_vnni(hn::Lanes(Ints()) * sizeof(std::int32_t))) return ByteProducts::quads;
#endif
  return LATENTDIAL_X86_VECTORS ? ByteProducts::pairs : ByteProducts::widened;
}

void multiply_target(const Int8TileProduct& p) {
  constexpr auto kRows = std::make_index_sequence<kProductRows>();
  TileKernel kernel = kernel_of<Plain>(p.rows, kRows);
#if LATENTDIAL_BYTE_QUADS
  if (byte_products() == ByteProducts::quads) kernel = kernel_of<Quads>(p.rows, kRows);
#endif
  const auto width = kProductVectors * hn::Lanes(Ints());
  for (std::size_t t = 0; t < p.tiles; ++t) {
    kernel(p.a + t * p.a_stride, p.panel, p.depth_blocks, p.c + t * p.rows * width);
  }
}

Range range_target(const float* x, std::size_t count) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  auto low = hn::Zero(d), high = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    low = hn::Min(low, v);
    high = hn::Max(high, v);
  }
  if (i < count) {
    const auto v = load_part(x + i, count - i);
    low = hn::Min(low, v);
    high = hn::Max(high, v);
  }
  return {hn::GetLane(hn::MinOfLanes(d, low)), hn::GetLane(hn::MaxOfLanes(d, high))};
}

void quantize_target(const float* x, std::size_t count, const Quantization& quantization, std::uint8_t* to) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  const hn::Rebind<std::uint8_t, Floats> bytes;
  const auto factor = hn::Set(d, 1.0f / quantization.scale), zero = hn::Set(d, quantization.zero);
  const auto quantized = [&](Vector v) {
    return hn::DemoteTo(bytes, hn::NearestInt(hn::MulAdd(v, factor, zero)));
  };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(quantized(hn::LoadU(d, x + i)), bytes, to + i);
  if (i < count) {
    alignas(64) std::uint8_t part[hn::MaxLanes(Floats())];
    hn::StoreU(quantized(load_part(x + i, count - i)), bytes, part);
    std::memcpy(to + i, part, count - i);
  }
}

void dequantize_target(std::int32_t* sums, std::size_t rows, const Int8Scales& scales) {
  const Floats d;
  const Ints ints;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t r = 0; r < rows; ++r) {
    const auto scale = hn::Set(d, scales.rows[r].scale), zero = hn::Set(d, scales.rows[r].zero);
    for (std::size_t v = 0; v < kProductVectors * lanes; v += lanes) {
      auto* at = sums + r * kProductVectors * lanes + v;
      const auto sum = hn::ConvertTo(d, hn::LoadU(ints, at));
      const auto centred = hn::NegMulAdd(zero, hn::LoadU(d, scales.column_sums + v), sum);
      const auto result = hn::Mul(hn::Mul(centred, scale), hn::LoadU(d, scales.column_scales + v));
      hn::StoreU(hn::BitCast(ints, result), ints, at);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace latentdial::detail::ops::cpu {
namespace {

HWY_EXPORT(byte_products_target);
HWY_EXPORT(multiply_target);
HWY_EXPORT(range_target);
HWY_EXPORT(quantize_target);
HWY_EXPORT(dequantize_target);

}  // namespace

ByteProducts byte_products() {
  static const ByteProducts products = HWY_DYNAMIC_DISPATCH(byte_products_target)();
  return products;
}

void multiply(const Int8TileProduct& product) {
  HWY_DYNAMIC_DISPATCH(multiply_target)(product);
}

Range range_of(const float* x, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(range_target)(x, count);
}

Quantization quantization_of(const Range& range) {
  constexpr float kLevels = 255, kSmallest = 1e-30f;
  const float scale = std::max((range.high - range.low) / kLevels, kSmallest);
  return {scale, std::round(-range.low / scale)};
}

void quantize(const float* x, std::size_t count, const Quantization& quantization, std::uint8_t* to) {
  HWY_DYNAMIC_DISPATCH(quantize_target)(x, count, quantization, to);
}

void dequantize_rows(std::int32_t* sums, std::size_t rows, const Int8Scales& scales) {
  HWY_DYNAMIC_DISPATCH(dequantize_target)(sums, rows, scales);
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
