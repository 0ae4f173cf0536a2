#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace latentdial::detail::models {

/// The sinusoids of "Attention Is All You Need" (Vaswani et al. 2017, arXiv 1706.03762, section 3.5) as
/// diffusers lays them out, a row of `channels` per number: `flip` puts the cosines first; `freq_shift` is
/// diffusers' downscale_freq_shift.
[[nodiscard]] Tensor sinusoids(std::span<const float> numbers, std::int64_t channels, bool flip,
                               float freq_shift);

}  // namespace latentdial::detail::models
