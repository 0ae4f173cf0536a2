#pragma once

#include "tensor/tensor.h"

namespace latentdial::detail {

/// Spherical interpolation of two f32 tensors taken as flat vectors (Shoemake 1985; Ramesh et al. 2022):
/// slerp(a, b, θ) = [sin((1−θ)Ω)·a + sin(θΩ)·b] / sin Ω, cos Ω = ⟨a,b⟩/(‖a‖‖b‖).
/// The inputs are not normalised. When |cos Ω| > 0.9995, or one of them is zero, it is `lerp`. θ may leave
/// [0, 1]; θ = 0 gives exactly `a` and θ = 1 exactly `b`. Throws internal when the shapes differ.
[[nodiscard]] Tensor slerp(const Tensor& a, const Tensor& b, double theta);

/// `slerp` of each row of the last axis by itself: one angle per token.
[[nodiscard]] Tensor slerp_per_token(const Tensor& a /*[…,C]*/, const Tensor& b /*[…,C]*/, double theta);

/// Linear interpolation (1−θ)·a + θ·b; exact at 0 and 1.
[[nodiscard]] Tensor lerp(const Tensor& a, const Tensor& b, double theta);

}  // namespace latentdial::detail
