#pragma once

#include "task/restoration.h"
#include "tensor/tensor.h"

/// Pictures that agree with what is known of them. All are [1,H,W,3], f32 in [−1, 1].
namespace latentdial::detail {

/// What a restoration begins with, from the known copy.
[[nodiscard]] Tensor first_guess(const Restoration& restoration, const Tensor& known);

/// The picture nearest to `picture` that agrees with the copy y: argmin weight·‖A·x − y‖² + ‖x − picture‖²
/// (LATINO: Spagnoletti et al. 2025, arXiv 2503.12615). Luminance, and the averages of what is enlarged, are
/// kept whatever the weight; a blur's is a matter of it.
[[nodiscard]] Tensor nearest_agreeing(const Restoration& restoration, const Tensor& known,
                                      const Tensor& picture, double weight);

}  // namespace latentdial::detail
