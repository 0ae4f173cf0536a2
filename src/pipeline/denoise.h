#pragma once

#include <deque>
#include <map>
#include <vector>

#include "dial/conditioning.h"
#include "diffusion/sampler.h"
#include "latentdial/pipeline.h"
#include "models/unet.h"
#include "ops/ops.h"

namespace latentdial {

/// The U-Net's guided prediction Σ weight · ε(latents, timestep, text_states), all terms in one batch.
/// Prompts are projected to keys and values once and remembered, over steps and over pictures, and so are
/// timesteps.
class GuidedUNet {
 public:
  GuidedUNet(const models::UNet& unet, const ops::Backend& ops) : unet_(&unet), ops_(&ops) {}

  /// Projects the timesteps that are to come, all at once.
  void expect(const std::vector<float>& timesteps);
  /// latents [1,h,w,C] f32, at an expected timestep → [1,h,w,C] f32.
  [[nodiscard]] Tensor operator()(const Tensor& latents, float timestep,
                                  const std::vector<GuidanceTerm>& terms);

 private:
  /// Prompts by identity: the tensors are kept, so no other can come to lie where they do.
  struct Projected {
    std::vector<Tensor> text_states;
    models::TextContext context;
  };
  const models::TextContext& project(const std::vector<GuidanceTerm>& terms);

  const models::UNet* unet_;
  const ops::Backend* ops_;
  std::deque<Projected> projected_;
  std::map<float, models::TimeContext> times_;
};

/// Runs `sampler` over `latents` [1,h,w,C] (f32, at the noise level of evaluation `first`) to the end.
/// Reports each evaluation to `observer` and throws Error(cancelled) before the next one when asked to stop.
[[nodiscard]] Tensor denoise(GuidedUNet& unet, Sampler& sampler, const Conditioning& conditioning,
                             Tensor latents, int first, const NoiseSource& noise, const Observer& observer);

}  // namespace latentdial
