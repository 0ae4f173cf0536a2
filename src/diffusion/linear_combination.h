#pragma once

#include <initializer_list>

#include "tensor/tensor.h"

namespace latentdial {

/// One term of a sum: factor · tensor.
struct Term {
  double factor;
  const Tensor& tensor;
};

/// Σ factor · tensor, element by element; f32 tensors of one shape, summed in double and rounded once.
[[nodiscard]] Tensor linear_combination(std::initializer_list<Term> terms);

/// The forward process (Ho et al. 2020, arXiv 2006.11239, equation 4): √ᾱ_t x_0 + √(1 − ᾱ_t) ε.
[[nodiscard]] Tensor noised(const Tensor& x0, const Tensor& noise, double alpha_cumprod);

}  // namespace latentdial
