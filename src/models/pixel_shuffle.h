#pragma once

#include "tensor/tensor.h"

/// Pictures between fewer pixels of more channels and more of fewer, as torch's PixelShuffle and
/// PixelUnshuffle (Shi et al. 2016, arXiv 1609.05158) have their channels; f32 on the host.
namespace latentdial::detail::models {

/// [B, H, W, C·by²] → [B, by·H, by·W, C].
[[nodiscard]] Tensor pixel_shuffle(const Tensor& x, std::int64_t by);
/// [B, by·H, by·W, C] → [B, H, W, C·by²].
[[nodiscard]] Tensor pixel_unshuffle(const Tensor& x, std::int64_t by);
/// Each pixel `by` times in both directions: [B, H, W, C] → [B, by·H, by·W, C].
[[nodiscard]] Tensor repeat_pixels(const Tensor& x, std::int64_t by);

}  // namespace latentdial::detail::models
