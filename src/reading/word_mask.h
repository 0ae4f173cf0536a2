#pragma once

#include <cstdint>
#include <vector>

#include "denoise/prompted_denoiser.h"
#include "diffusion/schedule.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// Where a finished picture shows some words of its prompt, [1,h,w,1] from 0 to 1, from the attention that
/// the denoiser pays them (Tang et al. 2022, arXiv 2210.04885). `latents` [1,h,w,C] are noised to a few
/// timesteps; the maps of all cross-attentions are brought to one size and added up. Two means part the
/// places (Otsu 1979): the lower is 0, the higher 1, and between them the mask is as bright as the place is
/// near.
[[nodiscard]] Tensor word_mask(PromptedDenoiser& denoiser, const NoiseSchedule& schedule,
                               const Tensor& latents, const Condition& prompt,
                               const std::vector<std::int64_t>& tokens);

/// The same from the attention that each place got, of any unit.
[[nodiscard]] Tensor two_means_mask(const Tensor& attention);

/// Adds a map of one value a place, [1,h,w] or [1,h,w,1], to `sum` [1,H,W,1], bilinearly with the centres of
/// places where they lie.
void add_resized(const Tensor& map, Tensor& sum);

}  // namespace latentdial::detail
