#pragma once

#include "ops/cpu/conv2d.h"

namespace latentdial::detail::ops::cpu {

/// Whether F(4×4, 3×3) computes this convolution: a 3×3 window of stride 1 that keeps the size, with enough
/// channels to be worth the transforms.
[[nodiscard]] bool suits_winograd(const Tensor& weight, const ConvGeometry& geometry);

/// A convolution by Winograd's minimal filtering: a quarter of the multiplications, in f32.
[[nodiscard]] PackedWeight prepare_winograd_conv2d(const Context& context, const Tensor& weight,
                                                   const Tensor& bias, ConvGeometry geometry);

}  // namespace latentdial::detail::ops::cpu
