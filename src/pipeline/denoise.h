#pragma once

#include "dial/conditioning.h"
#include "diffusion/sampler.h"
#include "latentdial/pipeline.h"
#include "models/unet.h"
#include "ops/ops.h"

namespace latentdial {

/// The U-Net's guided prediction Σ weight · ε(latents, timestep, text_states), all terms in one batch.
/// latents [1,h,w,C] f32 → [1,h,w,C] f32.
[[nodiscard]] Tensor predict(const models::UNet& unet, const ops::Backend& ops, const Tensor& latents,
                             float timestep, const std::vector<GuidanceTerm>& terms);

/// Runs `sampler` over `latents` [1,h,w,C] (f32, at the noise level of evaluation `first`) to the end.
/// Reports each evaluation to `observer` and throws Error(cancelled) before the next one when asked to stop.
[[nodiscard]] Tensor denoise(const models::UNet& unet, const ops::Backend& ops, Sampler& sampler,
                             const Conditioning& conditioning, Tensor latents, int first,
                             const NoiseSource& noise, const Observer& observer);

}  // namespace latentdial
