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

}  // namespace latentdial
