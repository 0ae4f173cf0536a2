#pragma once

#include <cmath>

#include "tensor/arithmetic.h"

namespace latentdial::detail {

/// The forward process (Ho et al. 2020, arXiv 2006.11239, equation 4): x_t = signal · x_0 + noise · ε, of f32
/// tensors of one shape.
[[nodiscard]] inline Tensor noised(const Tensor& x0, const Tensor& epsilon, double signal, double noise) {
  return linear_combination({{signal, x0}, {noise, epsilon}});
}
/// With signal √ᾱ_t and noise √(1 − ᾱ_t).
[[nodiscard]] inline Tensor noised(const Tensor& x0, const Tensor& epsilon, double alpha_cumprod) {
  return noised(x0, epsilon, std::sqrt(alpha_cumprod), std::sqrt(1 - alpha_cumprod));
}

}  // namespace latentdial::detail
