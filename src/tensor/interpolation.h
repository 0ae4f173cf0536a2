#pragma once

#include <cstdint>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// f32 [1,h,w,C] → [1,height,width,C], larger or as large: each place lies between the four nearest, by their
/// centres, as torch's `interpolate(mode="bilinear")` has it; beyond the outermost centres it is theirs.
[[nodiscard]] Tensor enlarged_bilinearly(const Tensor& x, std::int64_t height, std::int64_t width);

}  // namespace latentdial::detail
