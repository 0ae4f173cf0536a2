#pragma once

#include "tensor/tensor.h"

namespace latentdial::detail {

/// A copy of a tensor of any type in f32: the nearest where that has no such number, times `scale`. Read in
/// pieces, whose pages go back to the system.
[[nodiscard]] Tensor as_f32(const Tensor& stored, float scale = 1);

}  // namespace latentdial::detail
