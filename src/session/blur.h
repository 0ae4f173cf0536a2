#pragma once

#include <vector>

#include "task/restoration.h"
#include "tensor/tensor.h"

/// What blurs pictures [1,H,W,3], f32, beyond the edge of which lies the edge. Passes of many taps go by way
/// of a Fourier transform, square by square.
namespace latentdial::detail {

/// A·x, pass after pass.
[[nodiscard]] Tensor blurred(const std::vector<BlurPass>& passes, Tensor x);

/// Aᵀ·x.
[[nodiscard]] Tensor adjoint(const std::vector<BlurPass>& passes, Tensor x);

}  // namespace latentdial::detail
