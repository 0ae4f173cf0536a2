#pragma once

#include "tensor/tensor.h"

namespace latentdial::detail {

/// How far two pictures' latents [1,h,w,C] are apart, as a share of what two pictures of such contents that
/// have nothing to do with each other would be: 0 the same, 1 unrelated. Where there is a mask [1,h,w,1] in
/// [0, 1], within it; 1 where it is black everywhere.
[[nodiscard]] double visible_change(const Tensor& before, const Tensor& after, const Tensor& mask);

/// A change that nobody sees, a sixth of what another seed makes of a prompt. On the embedded model, three
/// prompts each: its six styles change 0.38 to 1.01, words that it half knows 0.055 (seen) to 0.38, twelve
/// that it does not know 0.007 to 0.039; other seeds of a prompt are 0.30 and 0.45 apart, other prompts 0.92
/// and 1.01 (docs/method.md).
inline constexpr double kLeastVisibleChange = 0.05;

}  // namespace latentdial::detail
