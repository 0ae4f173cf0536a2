#pragma once

#include "latentdial/image.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// 8-bit RGB → [1, H, W, 3] in [−1, 1].
[[nodiscard]] Tensor to_pixels(const Image& image);

/// [1, H, W, 3], nominally in [−1, 1] → 8-bit RGB, clamped and rounded to the nearest (even on ties) as
/// diffusers does.
[[nodiscard]] Image to_image(const Tensor& pixels);

/// The mean brightness of each `scale` × `scale` square, 0 to 1 → [1, H/scale, W/scale, 1].
[[nodiscard]] Tensor to_mask(const Image& image, int scale);

}  // namespace latentdial::detail
