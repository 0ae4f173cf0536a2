#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "denoise/prompted_denoiser.h"
#include "diffusion/schedule.h"
#include "latentdial/meter.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// A picture to be measured: its latents and the two prompts it lies between.
struct MeasuredLatents {
  Tensor latents;     ///< x_0 [1,h,w,C], f32, scaled as the U-Net sees them.
  Condition content;  ///< "PROMPT".
  Condition styled;   ///< "PROMPT, STYLE".
};

/// What the picture shows without the style: the prompt, and where that names the style its rest.
[[nodiscard]] std::string content_of(const Measurement& measurement);

/// That and the style, in the measurement's words. Throws invalid_input where they are unknown.
[[nodiscard]] std::string styled_of(const Measurement& measurement);

/// Noises each picture to `timesteps` and asks which mix of the two predictions explains the noise:
/// λ = ⟨ε − ε_content, ε_styled − ε_content⟩ / ‖ε_styled − ε_content‖², the least-squares strength in the
/// units of guidance. Two evaluations per picture and timestep; pictures of one size in one batch.
/// The k-th noise is the same for all pictures. → samples[picture][timestep].
[[nodiscard]] std::vector<std::vector<MeterSample>> sample_meter(
    PromptedDenoiser& denoiser, const NoiseSchedule& schedule, const std::vector<MeasuredLatents>& pictures,
    const std::vector<float>& timesteps, std::uint64_t seed, const std::function<void()>& on_evaluation,
    const std::stop_token& stop);

/// `count` timesteps of a schedule, spread evenly over the noise levels at which a prompt shows.
[[nodiscard]] std::vector<float> meter_timesteps(int count, const NoiseSchedule& schedule);

/// Pools samples to a reading: Σ projection / Σ length.
[[nodiscard]] Reading pool(std::vector<MeterSample> samples);

}  // namespace latentdial::detail
