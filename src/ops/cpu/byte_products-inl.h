// Sums of products of bytes, per target: of unsigned ones by signed ones, four to a lane.
// Included once per target, hence the toggling guard that Highway prescribes.

#include "ops/cpu/simd-inl.h"

#if defined(LATENTDIAL_OPS_CPU_BYTE_PRODUCTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LATENTDIAL_OPS_CPU_BYTE_PRODUCTS_INL_H_
#undef LATENTDIAL_OPS_CPU_BYTE_PRODUCTS_INL_H_
#else
#define LATENTDIAL_OPS_CPU_BYTE_PRODUCTS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

using Ints = hn::RebindToSigned<Floats>;
using IntVector = hn::Vec<Ints>;

#undef LATENTDIAL_X86_VECTORS
#undef LATENTDIAL_BYTE_QUADS
#define LATENTDIAL_X86_VECTORS (HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3)

// Ways to add to each lane of `sum` the four products of unsigned bytes of a and signed bytes of b.

#if HWY_TARGET == HWY_SCALAR
struct Widened {
  static IntVector add(IntVector sum, IntVector a, IntVector b) {
    std::uint8_t factors[4];
    std::int8_t weights[4];
    std::memcpy(factors, &a.raw, sizeof(factors));
    std::memcpy(weights, &b.raw, sizeof(weights));
    for (int i = 0; i < 4; ++i) sum.raw += factors[i] * weights[i];
    return sum;
  }
};
using Plain = Widened;
#elif LATENTDIAL_X86_VECTORS
// maddubs adds two products in 16 bits, which hold them where weights are kept to 7 bits.
struct Pairs {
  static IntVector add(IntVector sum, IntVector a, IntVector b) {
    const auto ones = hn::Set(hn::Repartition<std::int16_t, Ints>(), 1);
#if HWY_TARGET == HWY_SSE4
    sum.raw = _mm_add_epi32(sum.raw, _mm_madd_epi16(_mm_maddubs_epi16(a.raw, b.raw), ones.raw));
#elif HWY_TARGET == HWY_AVX2
    sum.raw = _mm256_add_epi32(sum.raw, _mm256_madd_epi16(_mm256_maddubs_epi16(a.raw, b.raw), ones.raw));
#else
    sum.raw = _mm512_add_epi32(sum.raw, _mm512_madd_epi16(_mm512_maddubs_epi16(a.raw, b.raw), ones.raw));
#endif
    // The compiler is not to put off the sums until all registers are full of products.
#if HWY_TARGET == HWY_AVX3
    asm volatile("" : "+v"(sum.raw));
#else
    asm volatile("" : "+x"(sum.raw));
#endif
    return sum;
  }
};
using Plain = Pairs;
#else
// Even and odd bytes by themselves, widened to 16 bits.
struct Widened {
  static IntVector add(IntVector sum, IntVector a, IntVector b) {
    const Ints d;
    const hn::Repartition<std::int16_t, Ints> shorts;
    const hn::Repartition<std::uint16_t, Ints> words;
    const auto a16 = hn::BitCast(words, a);
    const auto b16 = hn::BitCast(shorts, b);
    const auto even = hn::BitCast(shorts, hn::And(a16, hn::Set(words, 0xff)));
    const auto odd = hn::BitCast(shorts, hn::ShiftRight<8>(a16));
    auto rest = hn::Zero(d);
    sum = hn::ReorderWidenMulAccumulate(d, even, hn::ShiftRight<8>(hn::ShiftLeft<8>(b16)), sum, rest);
    sum = hn::ReorderWidenMulAccumulate(d, odd, hn::ShiftRight<8>(b16), sum, rest);
    return hn::Add(sum, rest);
  }
};
using Plain = Widened;
#endif

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
#define LATENTDIAL_BYTE_QUADS 1
// VNNI, for which Highway has no name yet.
struct Quads {
  static IntVector add(IntVector sum, IntVector a, IntVector b) {
#if HWY_TARGET == HWY_AVX2
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum.raw) : "x"(a.raw), "x"(b.raw));
#else
    asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(a.raw), "v"(b.raw));
#endif
    return sum;
  }
};
#else
#define LATENTDIAL_BYTE_QUADS 0
#endif

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#endif  // LATENTDIAL_OPS_CPU_BYTE_PRODUCTS_INL_H_
