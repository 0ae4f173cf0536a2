#pragma once

#include "ops/cpu/conv2d.h"

namespace latentdial::detail::ops::cpu {

/// A convolution of 8-bit numbers. Each picture of the batch is quantized by its own range.
[[nodiscard]] PackedWeight prepare_int8_conv2d(const Context& context, const Tensor& weight,
                                               const Tensor& bias, ConvGeometry geometry);

}  // namespace latentdial::detail::ops::cpu
