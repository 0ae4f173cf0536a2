#pragma once

#include "ops/cpu/conv2d.h"

namespace latentdial::detail::ops::cpu {

/// A convolution that oneDNN multiplies in bf16.
[[nodiscard]] PackedWeight prepare_onednn_conv2d(const Context& context, const Tensor& weight,
                                                 const Tensor& bias, ConvGeometry geometry);

}  // namespace latentdial::detail::ops::cpu
