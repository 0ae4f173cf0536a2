#pragma once

#include "tensor/tensor.h"

namespace latentdial::detail {

/// How far two pictures' latents [1,h,w,C] are apart, as a share of what two pictures of such contents that
/// have nothing to do with each other would be: 0 the same, 1 unrelated. Where there is a mask [1,h,w,1] in
/// [0, 1], within it; 1 where it is black everywhere.
[[nodiscard]] double visible_change(const Tensor& before, const Tensor& after, const Tensor& mask);

/// A change that nobody sees. On the embedded model its attributes change 0.1 to 0.6, words that say nothing
/// 0.005 (docs/method.md).
inline constexpr double kLeastVisibleChange = 0.05;

}  // namespace latentdial::detail
