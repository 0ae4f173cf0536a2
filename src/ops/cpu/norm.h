#pragma once

#include "ops/ops.h"

namespace latentdial::detail::ops::cpu {

/// Scale and offset of a normalisation, in f32.
struct PackedNorm final : Packed {
  Tensor gamma, beta;  // [C]
  float epsilon = 0;
};

}  // namespace latentdial::detail::ops::cpu
