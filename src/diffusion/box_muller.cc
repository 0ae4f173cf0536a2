#include "diffusion/box_muller.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace latentdial::detail {
namespace {

constexpr int kHalf = 8;

// Horner's rule, one rounding per step.
template <class... Rest>
float horner(float x, float sum, Rest... rest) {
  ((sum = std::fma(sum, x, rest)), ...);
  return sum;
}

// ln u for normal u > 0: u = 2^e m with m in [√½, √2), ln u = e ln 2 + f − f²/2 + f³ P(f), f = m − 1.
float log_cephes(float u) {
  constexpr float kLn2High = 0.693359375F;
  constexpr float kLn2Low = -2.12194440e-4F;
  constexpr float kSqrtHalf = 0.707106781186547524F;
  const auto bits = std::bit_cast<std::uint32_t>(u);
  float e = static_cast<float>(static_cast<std::int32_t>(bits >> 23) - 126);
  const float m = std::bit_cast<float>((bits & 0x007FFFFFU) | 0x3F000000U);
  float f = m - 1.0F;
  if (m < kSqrtHalf) {
    e -= 1.0F;
    f += m;
  }
  const float square = f * f;
  const float p =
      horner(f, 7.0376836292e-2F, -1.1514610310e-1F, 1.1676998740e-1F, -1.2420140846e-1F, 1.4249322787e-1F,
             -1.6668057665e-1F, 2.0000714765e-1F, -2.4999993993e-1F, 3.3333331174e-1F);
  float tail = std::fma(p * f, square, e * kLn2Low);
  tail = std::fma(square, -0.5F, tail);
  return std::fma(e, kLn2High, f + tail);
}

struct Circle {
  float cosine;
  float sine;
};

// cos and sin of θ in [0, 2π): θ is reduced by the nearest even multiple j of π/4, π/4 held in three parts.
Circle circle_cephes(float theta) {
  constexpr float kFourOverPi = 1.27323954473516F;
  const auto j = (static_cast<std::int32_t>(theta * kFourOverPi) + 1) & ~1;
  const auto turns = static_cast<float>(j);
  float x = std::fma(turns, -0.78515625F, theta);
  x = std::fma(turns, -2.4187564849853515625e-4F, x);
  x = std::fma(turns, -3.77489497744594108e-8F, x);

  const float z = x * x;
  const float c = horner(z, 2.443315711809948e-5F, -1.388731625493765e-3F, 4.166664568298827e-2F) * z;
  const float cosine = std::fma(c, z, z * -0.5F) + 1.0F;
  const float s = horner(z, -1.9515295891e-4F, 8.3321608736e-3F, -1.6666654611e-1F) * z;
  const float sine = std::fma(s, x, x);

  switch (j & 7) {
    case 2:
      return {-sine, cosine};
    case 4:
      return {-cosine, -sine};
    case 6:
      return {sine, -cosine};
    default:
      return {cosine, sine};
  }
}

}  // namespace

void box_muller_16(float* values) {
  constexpr float kTwoPi = 6.283185307179586F;
  for (int j = 0; j < kHalf; ++j) {
    const float radius = std::sqrt(-2.0F * log_cephes(1.0F - values[j]));
    const Circle circle = circle_cephes(kTwoPi * values[j + kHalf]);
    // Adding the mean of 0 makes −0 to +0, as torch does.
    values[j] = radius * circle.cosine + 0.0F;
    values[j + kHalf] = radius * circle.sine + 0.0F;
  }
}

}  // namespace latentdial::detail
