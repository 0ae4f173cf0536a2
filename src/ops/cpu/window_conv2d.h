#pragma once

#include "ops/cpu/conv2d.h"

namespace latentdial::ops::cpu {

/// Any convolution as one product: a row of the left factor is a pixel's window, gathered as it is packed.
[[nodiscard]] PackedWeight prepare_window_conv2d(const Context& context, const Tensor& weight,
                                                 const Tensor& bias, ConvGeometry geometry);

}  // namespace latentdial::ops::cpu
