#pragma once

#include "tensor/tensor.h"

namespace latentdial::detail {

/// A copy of an f32 tensor with every element brought into [−range, range]; `range` ≥ 0.
[[nodiscard]] Tensor clipped(const Tensor& x, float range);

}  // namespace latentdial::detail
