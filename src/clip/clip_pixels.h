#pragma once

#include "latentdial/image.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// What CLIP's image encoder is given of a picture, equal to transformers' CLIPImageProcessorPil: the shorter
/// side scaled to `size` (bicubic), the middle square cut out, each colour less CLIP's mean and by its
/// deviation → [1,size,size,3].
[[nodiscard]] Tensor clip_pixels(const Image& image, int size);

}  // namespace latentdial::detail
