#pragma once

#include "latentdial/image.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// What CLIP's image encoder is given of the square that it sees of a picture: each colour less CLIP's mean
/// and by its deviation → [1,S,S,3]. With that square (image/area.h, bicubic) it is equal to transformers'
/// CLIPImageProcessorPil.
[[nodiscard]] Tensor clip_pixels(const Image& square);

}  // namespace latentdial::detail
