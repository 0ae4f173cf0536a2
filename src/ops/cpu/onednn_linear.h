#pragma once

#include "ops/cpu/linear.h"

namespace latentdial::detail::ops::cpu {

/// A linear layer that oneDNN multiplies in bf16.
[[nodiscard]] PackedWeight prepare_onednn_linear(const Context& context, const Tensor& weight,
                                                 const Tensor& bias);

}  // namespace latentdial::detail::ops::cpu
