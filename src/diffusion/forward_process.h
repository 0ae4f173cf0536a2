#pragma once

#include "tensor/tensor.h"

namespace latentdial::detail {

/// The forward process (Ho et al. 2020, arXiv 2006.11239, equation 4): x_t = signal · x_0 + noise · ε, of f32
/// tensors of one shape.
[[nodiscard]] Tensor noised(const Tensor& x0, const Tensor& epsilon, double signal, double noise);
/// With signal √ᾱ_t and noise √(1 − ᾱ_t).
[[nodiscard]] Tensor noised(const Tensor& x0, const Tensor& epsilon, double alpha_cumprod);

}  // namespace latentdial::detail
