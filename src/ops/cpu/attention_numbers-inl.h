// What attention multiplies, per target: how numbers are loaded, multiplied and made of scores.
// Included once per target, hence the toggling guard that Highway prescribes.

#include "ops/cpu/attention_kernel.h"
#include "ops/cpu/byte_products-inl.h"

#if defined(LATENTDIAL_OPS_CPU_ATTENTION_NUMBERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LATENTDIAL_OPS_CPU_ATTENTION_NUMBERS_INL_H_
#undef LATENTDIAL_OPS_CPU_ATTENTION_NUMBERS_INL_H_
#else
#define LATENTDIAL_OPS_CPU_ATTENTION_NUMBERS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX3
/// 2^x by the minimax polynomial of degree 3, whose relative error of 8e-5 is a fiftieth of what rounding to
/// bf16 leaves.
inline Vector coarse_exp2(Vector x) {
  const Floats d;
  constexpr int kBelow = 9;  // What is left above the next whole number below.
  const Vector f{_mm512_reduce_ps(x.raw, kBelow)};
  auto p = hn::MulAdd(hn::Set(d, 0.07802452269f), f, hn::Set(d, 0.2260671554f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.6958335405f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.9999252186f));
  return Vector{_mm512_scalef_ps(p.raw, x.raw)};
}
#else
inline Vector coarse_exp2(Vector x) {
  const Floats d;
  const auto rounder = hn::Set(d, kRounder);
  const auto clamped = hn::Max(x, hn::Set(d, -125.0f));
  const auto n_shifted = hn::Add(clamped, rounder);
  const auto f = hn::Sub(clamped, hn::Sub(n_shifted, rounder));
  auto p = hn::MulAdd(hn::Set(d, 0.05517166f), f, hn::Set(d, 0.24261112f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.69326099f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.99992807f));
  return times_exp2(n_shifted, p);
}
#endif

/// f32 throughout.
struct SingleFloats {
  using Number = float;
  using Factor = Vector;
  using Sum = Vector;
  static constexpr std::size_t kStep = 1;  ///< Numbers along the depth that one product takes.

  static Factor load(const float* from) { return hn::LoadU(Floats(), from); }
  static Factor repeat(const Number* from) { return hn::Set(Floats(), *from); }
  static Vector add_product(Factor a, Factor b, Vector sum) { return hn::MulAdd(a, b, sum); }

  /// Stores 2^(factor·score − shift) ≤ 1 for the kStep scores at `from` and each `next` floats on; returns
  /// `sum` and theirs.
  static Sum weigh(const float* from, std::size_t /*next*/, Vector factor, Vector shift, float* to, Sum sum) {
    const auto weight = exp2_of_negative(hn::MulSub(load(from), factor, shift));
    hn::StoreU(weight, Floats(), to);
    return hn::Add(sum, weight);
  }
};

#if HWY_TARGET == HWY_AVX3
/// Two bf16 numbers in 32 bits, by AVX-512 BF16 (Highway has no names for what is written as intrinsics
/// here).
struct Bf16Pairs {
  using Number = bfloat16;
  using Words = hn::RebindToUnsigned<Floats>;
  using Factor = hn::Vec<Words>;
  using Sum = Vector;
  static constexpr std::size_t kStep = 2;

  static Factor load(const float* from) {
    return hn::LoadU(Words(), reinterpret_cast<const std::uint32_t*>(from));
  }
  static Factor repeat(const Number* from) {
    std::uint32_t pair;
    std::memcpy(&pair, from, sizeof(pair));
    return hn::Set(Words(), pair);
  }
  static Vector add_product(Factor a, Factor b, Vector sum) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum.raw) : "v"(a.raw), "v"(b.raw));
    return sum;
  }

  static Sum weigh(const float* from, std::size_t next, Vector factor, Vector shift, float* to, Sum sum) {
    const Floats d;
    const Words words;
    const auto first = coarse_exp2(hn::MulSub(hn::LoadU(d, from), factor, shift));
    const auto second = coarse_exp2(hn::MulSub(hn::LoadU(d, from + next), factor, shift));
    const auto half = hn::Set(words, 0x8000);  // Rounds what is kept; ties, which are rare, go up.
    const auto low = hn::ShiftRight<16>(hn::Add(hn::BitCast(words, first), half));
    const auto high = hn::Add(hn::BitCast(words, second), half);
    const Factor pairs{_mm512_mask_blend_epi16(0xaaaaaaaa, low.raw, high.raw)};
    hn::StoreU(hn::BitCast(d, pairs), d, to);
    return hn::Add(sum, hn::Add(first, second));
  }
};
#endif

#if LATENTDIAL_BYTE_QUADS
/// Four bytes in 32 bits, by VNNI: of queries and weights unsigned, of keys and values signed.
struct ByteQuads {
  using Number = std::int8_t;
  using Factor = IntVector;
  using Sum = IntVector;
  static constexpr std::size_t kStep = 4;

  static Factor load(const float* from) {
    return hn::LoadU(Ints(), reinterpret_cast<const std::int32_t*>(from));
  }
  static Factor repeat(const Number* from) {
    std::int32_t four;
    std::memcpy(&four, from, sizeof(four));
    return hn::Set(Ints(), four);
  }
  static Sum add_product(Factor row, Factor column, Sum sum) { return Quads::add(sum, column, row); }

  /// Here weights are 255·2^(factor·score − shift), rounded, and so is their sum.
  static Sum weigh(const float* from, std::size_t next, Vector factor, Vector shift, float* to, Sum sum) {
    constexpr float kLog2Of255 = 7.99435343f;
    const Floats d;
    const Ints ints;
    const auto raised = hn::Sub(shift, hn::Set(d, kLog2Of255));
    const auto weight = [&](std::size_t i) {
      return hn::NearestInt(coarse_exp2(hn::MulSub(hn::LoadU(d, from + i * next), factor, raised)));
    };
    const auto w0 = weight(0), w1 = weight(1), w2 = weight(2), w3 = weight(3);
    const auto low = hn::Or(w0, hn::ShiftLeft<8>(w1));
    const auto four = hn::Or3(low, hn::ShiftLeft<16>(w2), hn::ShiftLeft<24>(w3));
    hn::StoreU(hn::BitCast(d, four), d, to);
    return Quads::add(sum, four, hn::Set(ints, 0x01010101));
  }
};
#endif

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#endif  // LATENTDIAL_OPS_CPU_ATTENTION_NUMBERS_INL_H_
