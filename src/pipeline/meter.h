#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "diffusion/schedule.h"
#include "latentdial/meter.h"
#include "pipeline/prompted_unet.h"
#include "tensor/tensor.h"

namespace latentdial {

/// A picture to be measured: its latents and the two prompts it lies between.
struct MeasuredLatents {
  Tensor latents;  ///< x_0 [1,h,w,C], f32, scaled as the U-Net sees them.
  Tensor content;  ///< Encoding of "PROMPT", [1,T,C].
  Tensor styled;   ///< Encoding of "PROMPT, STYLE".
};

/// Noises each picture to `timesteps` and asks which mix of the two predictions explains the noise:
/// λ = ⟨ε − ε_content, ε_styled − ε_content⟩ / ‖ε_styled − ε_content‖², the least-squares strength in the
/// units of guidance. Two U-Net evaluations per picture and timestep; pictures of one size in one batch.
/// The k-th noise is the same for all pictures. → samples[picture][timestep].
[[nodiscard]] std::vector<std::vector<MeterSample>> sample_meter(
    PromptedUNet& unet, const ScheduleConfig& schedule, const std::vector<MeasuredLatents>& pictures,
    const std::vector<float>& timesteps, std::uint64_t seed, const std::function<void()>& on_evaluation,
    const std::stop_token& stop);

/// `count` timesteps, spread evenly over the noise levels at which a prompt shows.
[[nodiscard]] std::vector<float> meter_timesteps(int count);

/// Pools samples to a reading: Σ projection / Σ length.
[[nodiscard]] Reading pool(std::vector<MeterSample> samples);

}  // namespace latentdial
