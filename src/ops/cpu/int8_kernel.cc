#include "ops/cpu/int8_kernel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "ops/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/int8_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

using Ints = hn::RebindToSigned<Floats>;
using IntVector = hn::Vec<Ints>;

#if HWY_TARGET == HWY_SCALAR
using Widened = IntVector;

inline Widened widen(IntVector b) {
  return b;
}

inline IntVector add_products(IntVector sum, IntVector a, IntVector b) {
  std::uint8_t factors[4];
  std::int8_t weights[4];
  std::memcpy(factors, &a.raw, sizeof(factors));
  std::memcpy(weights, &b.raw, sizeof(weights));
  for (int i = 0; i < 4; ++i) sum.raw += factors[i] * weights[i];
  return sum;
}
#else
// A panel vector as the products want it. Without VNNI its even and odd bytes are widened to 16 bits.
struct Widened {
  IntVector even, odd;
};

inline Widened widen(IntVector b) {
  const Ints d;
  const hn::Repartition<std::int16_t, Ints> shorts;
  const auto b16 = hn::BitCast(shorts, b);
  return {hn::BitCast(d, hn::ShiftRight<8>(hn::ShiftLeft<8>(b16))), hn::BitCast(d, hn::ShiftRight<8>(b16))};
}

// sum + the four products of unsigned bytes of a and signed bytes of b in each lane.
inline IntVector add_products(IntVector sum, IntVector a, const Widened& b) {
  const Ints d;
  const hn::Repartition<std::int16_t, Ints> shorts;
  const hn::Repartition<std::uint16_t, Ints> words;
  const auto a16 = hn::BitCast(words, a);
  const auto even = hn::BitCast(shorts, hn::And(a16, hn::Set(words, 0xff)));
  const auto odd = hn::BitCast(shorts, hn::ShiftRight<8>(a16));
  auto rest = hn::Zero(d);
  sum = hn::ReorderWidenMulAccumulate(d, even, hn::BitCast(shorts, b.even), sum, rest);
  sum = hn::ReorderWidenMulAccumulate(d, odd, hn::BitCast(shorts, b.odd), sum, rest);
  return hn::Add(sum, rest);
}
#endif

template <std::size_t kRows>
void multiply_tile(const std::uint8_t* HWY_RESTRICT a, const std::int8_t* HWY_RESTRICT panel,
                   std::size_t depth_blocks, std::int32_t* HWY_RESTRICT c) {
  const Ints d;
  const std::size_t lanes = hn::Lanes(d);
  IntVector sums[kRows][kProductVectors];
  for (auto& row : sums) row[0] = row[1] = hn::Zero(d);
  for (std::size_t k = 0; k < depth_blocks * kInt8DepthBlock / 4; ++k) {
    const auto* b = reinterpret_cast<const std::int32_t*>(panel) + k * kProductVectors * lanes;
    const Widened b0 = widen(hn::LoadU(d, b)), b1 = widen(hn::LoadU(d, b + lanes));
    const auto* line = a + k / kDepthBlock * kRows * kInt8DepthBlock + k % kDepthBlock * 4;
    for (std::size_t r = 0; r < kRows; ++r) {
      std::int32_t four;
      std::memcpy(&four, line + r * kInt8DepthBlock, sizeof(four));
      const auto factor = hn::Set(d, four);
      sums[r][0] = add_products(sums[r][0], factor, b0);
      sums[r][1] = add_products(sums[r][1], factor, b1);
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kProductVectors; ++v)
      hn::StoreU(sums[r][v], d, c + (r * kProductVectors + v) * lanes);
  }
}

#if HWY_TARGET == HWY_AVX3
// Highway has no name for this instruction yet.
inline void add_products_vnni(__m512i& sum, __m512i a, __m512i b) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
}

template <std::size_t kRows>
void multiply_tile_vnni(const std::uint8_t* HWY_RESTRICT a, const std::int8_t* HWY_RESTRICT panel,
                        std::size_t depth_blocks, std::int32_t* HWY_RESTRICT c) {
  __m512i sums[kRows][kProductVectors];
  for (auto& row : sums) row[0] = row[1] = _mm512_setzero_si512();
  for (std::size_t block = 0; block < depth_blocks; ++block) {
#pragma GCC unroll 16
    for (std::size_t k = 0; k < kDepthBlock; ++k) {
      const __m512i b0 = _mm512_loadu_si512(panel), b1 = _mm512_loadu_si512(panel + 64);
      panel += 128;
      for (std::size_t r = 0; r < kRows; ++r) {
        std::int32_t four;
        std::memcpy(&four, a + r * kInt8DepthBlock + k * 4, sizeof(four));
        const __m512i factor = _mm512_set1_epi32(four);
        add_products_vnni(sums[r][0], factor, b0);
        add_products_vnni(sums[r][1], factor, b1);
      }
    }
    a += kRows * kInt8DepthBlock;
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kProductVectors; ++v)
      _mm512_storeu_si512(c + (r * kProductVectors + v) * 16, sums[r][v]);
  }
}
#endif

using TileKernel = void (*)(const std::uint8_t*, const std::int8_t*, std::size_t, std::int32_t*);

template <std::size_t... kRowsLessOne>
TileKernel kernel_for(std::size_t rows, [[maybe_unused]] bool vnni, std::index_sequence<kRowsLessOne...>) {
#if HWY_TARGET == HWY_AVX3
  static constexpr std::array<TileKernel, kProductRows> kFast{&multiply_tile_vnni<kRowsLessOne + 1>...};
  if (vnni) return kFast[rows - 1];
#endif
  static constexpr std::array<TileKernel, kProductRows> kPlain{&multiply_tile<kRowsLessOne + 1>...};
  return kPlain[rows - 1];
}

void multiply_target(const Int8TileProduct& p) {
  const auto kernel = kernel_for(p.rows, has_vnni(), std::make_index_sequence<kProductRows>());
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

HWY_EXPORT(multiply_target);
HWY_EXPORT(range_target);
HWY_EXPORT(quantize_target);
HWY_EXPORT(dequantize_target);

}  // namespace

bool has_vnni() {
#ifdef __x86_64__
  static const bool has =
      __builtin_cpu_supports("avx512vnni") != 0 && (hwy::SupportedTargets() & HWY_AVX3) != 0;
  return has;
#else
  return false;
#endif
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
