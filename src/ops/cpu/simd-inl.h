// Per-target helpers: loads and stores of f32 and bf16 as f32 lanes, tails, exponentials and activations.
// Included once per target, hence the toggling guard that Highway prescribes.

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "ops/cpu/operations.h"
#include "ops/ops.h"
#include "tensor/dtype.h"

#if defined(LATENTDIAL_OPS_CPU_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LATENTDIAL_OPS_CPU_SIMD_INL_H_
#undef LATENTDIAL_OPS_CPU_SIMD_INL_H_
#else
#define LATENTDIAL_OPS_CPU_SIMD_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Vector = hn::Vec<Floats>;

/// \name A full vector from or to memory of either activation type; bf16 is rounded to nearest even.
/// @{
inline Vector load(const float* from) {
  return hn::LoadU(Floats(), from);
}

inline Vector load(const bfloat16* from) {
  const hn::Rebind<std::uint16_t, Floats> halves;
  const hn::RebindToUnsigned<Floats> words;
  const auto bits = hn::PromoteTo(words, hn::LoadU(halves, reinterpret_cast<const std::uint16_t*>(from)));
  return hn::BitCast(Floats(), hn::ShiftLeft<16>(bits));
}

inline void store(Vector v, float* to) {
  hn::StoreU(v, Floats(), to);
}

inline void store(Vector v, bfloat16* to) {
  const hn::Rebind<std::uint16_t, Floats> halves;
  const hn::RebindToUnsigned<Floats> words;
  const auto bits = hn::BitCast(words, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(words, 0x7fff)));
  const auto quiet = hn::Or(bits, hn::Set(words, 0x400000));
  const auto is_number = hn::MaskFromVec(hn::BitCast(words, hn::VecFromMask(Floats(), hn::Eq(v, v))));
  const auto kept = hn::ShiftRight<16>(hn::IfThenElse(is_number, rounded, quiet));
  hn::StoreU(hn::TruncateTo(halves, kept), halves, reinterpret_cast<std::uint16_t*>(to));
}
/// @}

/// \name The first `count` lanes only; the other lanes load as zero. Memory behind them is not touched.
/// @{
template <class T>
Vector load_part(const T* from, std::size_t count) {
  alignas(64) T lanes[hn::MaxLanes(Floats())] = {};
  std::memcpy(lanes, from, count * sizeof(T));
  return load(lanes);
}

template <class T>
void store_part(Vector v, T* to, std::size_t count) {
  alignas(64) T lanes[hn::MaxLanes(Floats())];
  store(v, lanes);
  std::memcpy(to, lanes, count * sizeof(T));
}
/// @}

/// 2^f for |f| ≤ 1/2 by the minimax polynomial of degree 6; relative error below 1e-7.
inline Vector exp2_polynomial(Vector f) {
  const Floats d;
  auto p = hn::Set(d, 1.53458121587e-4f);
  p = hn::MulAdd(p, f, hn::Set(d, 1.33999312095e-3f));
  p = hn::MulAdd(p, f, hn::Set(d, 9.61848895652e-3f));
  p = hn::MulAdd(p, f, hn::Set(d, 5.550328777e-2f));
  p = hn::MulAdd(p, f, hn::Set(d, 2.40226468906e-1f));
  p = hn::MulAdd(p, f, hn::Set(d, 6.93147205737e-1f));
  return hn::MulAdd(p, f, hn::Set(d, 1.0f));
}

/// 2^n·x for x near 1 and whole n in [-126, 126], where n is given as 1.5·2^23 + n: that number's low bits
/// are n, which is added to the exponent of x.
inline Vector times_exp2(Vector n_shifted, Vector x) {
  const hn::RebindToSigned<Floats> integers;
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(integers, n_shifted));
  return hn::BitCast(Floats(), hn::Add(hn::BitCast(integers, x), exponent));
}

/// 2^(n + f) for |f| ≤ 1/2 and such an n.
inline Vector exp2_of_parts(Vector n_shifted, Vector f) {
  return times_exp2(n_shifted, exp2_polynomial(f));
}

/// Adding it rounds a float of magnitude below 2^22 to a whole number.
inline constexpr float kRounder = 12582912.0f;  // 1.5·2^23

/// 2^x for x ≤ 0, relative error below 2e-7; below -125 it is at most 2^-125.
inline Vector exp2_of_negative(Vector x) {
#if HWY_TARGET == HWY_AVX3
  const auto n = hn::Round(x);
  return Vector{_mm512_scalef_ps(exp2_polynomial(hn::Sub(x, n)).raw, n.raw)};
#else
  const Floats d;
  const auto rounder = hn::Set(d, kRounder);
  const auto clamped = hn::Max(x, hn::Set(d, -125.0f));
  const auto n_shifted = hn::Add(clamped, rounder);
  return exp2_of_parts(n_shifted, hn::Sub(clamped, hn::Sub(n_shifted, rounder)));
#endif
}

/// e^x, relative error below 3e-7; x is clamped to ±87.
inline Vector exponential(Vector x) {
  const Floats d;
  const auto rounder = hn::Set(d, kRounder);
  const auto log2_e = hn::Set(d, 1.44269504088896f);
  const auto clamped = hn::Min(hn::Max(x, hn::Set(d, -87.0f)), hn::Set(d, 87.0f));
  const auto n_shifted = hn::MulAdd(clamped, log2_e, rounder);
  const auto n = hn::Sub(n_shifted, rounder);
  // ln 2 in two parts, so that the reduction is exact.
  auto r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), clamped);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
  return exp2_of_parts(n_shifted, hn::Mul(r, log2_e));
}

/// x·σ(slope·x).
inline Vector swish(Vector x, float slope) {
  const Floats d;
  const auto decay = exponential(hn::Mul(x, hn::Set(d, -slope)));
  return hn::Div(x, hn::Add(decay, hn::Set(d, 1.0f)));
}

/// x·Φ(x), Φ from the error function of Abramowitz & Stegun 7.1.26 (absolute error 1.5e-7). The lower half is
/// formed from erfc itself, so that it keeps its digits where erf is near -1.
inline Vector gelu(Vector x) {
  const Floats d;
  const auto z = hn::Mul(hn::Abs(x), hn::Set(d, 0.70710678118654752f));
  const auto t = hn::Div(hn::Set(d, 1.0f), hn::MulAdd(z, hn::Set(d, 0.3275911f), hn::Set(d, 1.0f)));
  auto p = hn::Set(d, 1.061405429f);
  p = hn::MulAdd(p, t, hn::Set(d, -1.453152027f));
  p = hn::MulAdd(p, t, hn::Set(d, 1.421413741f));
  p = hn::MulAdd(p, t, hn::Set(d, -0.284496736f));
  p = hn::MulAdd(p, t, hn::Set(d, 0.254829592f));
  const auto erfc = hn::Mul(hn::Mul(p, t), exponential(hn::Neg(hn::Mul(z, z))));
  const auto lower = hn::Mul(erfc, hn::Set(d, 0.5f));
  const auto upper = hn::Sub(hn::Set(d, 1.0f), lower);
  return hn::Mul(x, hn::IfThenElse(hn::Lt(x, hn::Zero(d)), lower, upper));
}

template <Activation kActivation>
Vector activated(Vector x) {
  if constexpr (kActivation == Activation::silu) return swish(x, 1.0f);
  if constexpr (kActivation == Activation::quick_gelu) return swish(x, 1.702f);
  if constexpr (kActivation == Activation::gelu) return gelu(x);
  if constexpr (kActivation == Activation::relu) return hn::Max(x, hn::Zero(Floats()));
  if constexpr (kActivation == Activation::leaky_relu)
    return hn::Max(x, hn::Mul(x, hn::Set(Floats(), kLeak)));
  return x;
}

/// Calls body(constant) with the activation as a std::integral_constant, so that a loop in it has no branch.
template <class Body>
auto with_activation(Activation activation, const Body& body) {
  switch (activation) {
    case Activation::silu:
      return body(std::integral_constant<Activation, Activation::silu>());
    case Activation::gelu:
      return body(std::integral_constant<Activation, Activation::gelu>());
    case Activation::quick_gelu:
      return body(std::integral_constant<Activation, Activation::quick_gelu>());
    case Activation::relu:
      return body(std::integral_constant<Activation, Activation::relu>());
    case Activation::leaky_relu:
      return body(std::integral_constant<Activation, Activation::leaky_relu>());
    case Activation::none:
      break;
  }
  return body(std::integral_constant<Activation, Activation::none>());
}

inline Vector activated(Activation activation, Vector x) {
  return with_activation(activation, [&](auto kind) { return activated<decltype(kind)::value>(x); });
}

/// \name The register tile of a product: two vectors of columns, and so many rows that 28 of 32 registers
/// hold sums, or 12 of 16.
/// @{
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4
constexpr std::size_t kProductRows = 6;
#else
constexpr std::size_t kProductRows = 14;
#endif
constexpr std::size_t kProductVectors = 2;
/// @}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#endif  // LATENTDIAL_OPS_CPU_SIMD_INL_H_
