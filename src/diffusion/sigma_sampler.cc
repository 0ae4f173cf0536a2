#include "diffusion/sigma_sampler.h"

#include <cmath>

#include "diffusion/sigma_schedules.h"
#include "diffusion/sigmas.h"
#include "diffusion/timesteps.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {

SigmaSampler::SigmaSampler(const NoiseSchedule& config, const SamplerChoice& choice)
    : Sampler(config.prediction_type, choice.steps) {
  const std::vector<double> train = train_sigmas(config);
  StepLevels levels;
  levels.timesteps =
      spaced_timesteps(config, config.timestep_spacing.value_or(TimestepSpacing::linspace), choice.steps);
  check_timesteps(levels.timesteps, config, choice.steps);
  // diffusers keeps these in float32.
  for (double& t : levels.timesteps) t = static_cast<float>(t);
  levels.sigmas = sigmas_at(levels.timesteps, train);
  if (choice.scheduler != "normal") {
    const SigmaRange range{.min = levels.sigmas.back(), .max = levels.sigmas.front()};
    levels = spread_levels(choice.scheduler, config, train, range, choice.steps);
  }
  sigmas_ = finish_sigmas(levels.sigmas, choice.steps);
  timesteps_.assign(levels.timesteps.begin(), levels.timesteps.end());
  const double largest = sigmas_.front();
  // "leading" does not start at the last training timestep, where x_0 still counts.
  const bool starts_early = config.timestep_spacing == TimestepSpacing::leading;
  init_noise_sigma_ = static_cast<float>(starts_early ? std::sqrt(largest * largest + 1.0) : largest);
}

Tensor SigmaSampler::scale_model_input(const Tensor& latents, int i) const {
  check_index(i);
  return linear_combination({{1.0 / std::sqrt(sigma_at(i) * sigma_at(i) + 1.0), latents}});
}

Tensor SigmaSampler::predicted_noise(const Tensor& model_output, const Tensor& latents, int i) const {
  const Mix mix = mixes(i).epsilon;
  return linear_combination({{mix.latents, latents}, {mix.output, model_output}});
}

Tensor SigmaSampler::predicted_x0(const Tensor& model_output, const Tensor& latents, int i) const {
  const Mix mix = mixes(i).x0;
  return linear_combination({{mix.latents, latents}, {mix.output, model_output}});
}

}  // namespace latentdial::detail
