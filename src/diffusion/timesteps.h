#pragma once

#include <vector>

#include "diffusion/schedule.h"

namespace latentdial::detail {

/// numpy's linspace(0, last, count) and round (half to even), in double.
[[nodiscard]] std::vector<double> numpy_linspace(double last, int count);
[[nodiscard]] std::vector<double> rounded(std::vector<double> values);

/// `steps` training timesteps, falling, spread as the spacing says (Lin et al. 2023, arXiv 2305.08891, table
/// 2): whole numbers, but for linspace. "trailing" may give one more than asked, as in diffusers. Throws
/// invalid_input when steps_offset pushes one past the last training timestep.
[[nodiscard]] std::vector<double> spaced_timesteps(const NoiseSchedule& config, TimestepSpacing spacing,
                                                   int steps);

/// `steps` of the timesteps k − 1, 2k − 1, … that a model was distilled on (original_inference_steps of
/// them), falling from the last: LCM's and TCD's. Throws invalid_input, which names `sampler`, for more steps
/// than those.
[[nodiscard]] std::vector<float> distilled_timesteps(const NoiseSchedule& config, const char* sampler,
                                                     int steps);

/// Throws invalid_input unless all timesteps are trained ones, 0 … num_train_timesteps − 1.
void check_timesteps(const std::vector<double>& timesteps, const NoiseSchedule& config, int steps);

}  // namespace latentdial::detail
