#include "diffusion/multistep_sampler.h"

#include <utility>

#include "diffusion/sigma_schedules.h"
#include "diffusion/sigmas.h"
#include "diffusion/timesteps.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

// One more point than steps; the last, nearly clean one is left to the end of the run. "trailing" has no such
// point.
std::vector<double> spread(const NoiseSchedule& config, int steps) {
  const TimestepSpacing spacing = config.timestep_spacing.value_or(TimestepSpacing::linspace);
  if (spacing == TimestepSpacing::trailing) return spaced_timesteps(config, spacing, steps);
  std::vector<double> timesteps = rounded(spaced_timesteps(config, spacing, steps + 1));
  timesteps.pop_back();
  return timesteps;
}

// diffusers tells the model whole timesteps with the schedulers that it has.
bool tells_whole_timesteps(const std::string& scheduler) {
  return scheduler == "karras" || scheduler == "exponential" || scheduler == "beta";
}

}  // namespace

MultistepSampler::MultistepSampler(const NoiseSchedule& config, const SamplerChoice& choice, End end,
                                   Rounds rounds)
    : Sampler(config.prediction_type, choice.steps) {
  const std::vector<double> train = train_sigmas(config);
  StepLevels levels;
  levels.timesteps = spread(config, choice.steps);
  check_timesteps(levels.timesteps, config, choice.steps);
  levels.sigmas = sigmas_at(levels.timesteps, train);
  if (choice.scheduler != "normal") {
    const SigmaRange range{.min = train.front(), .max = train.back()};
    levels = spread_levels(choice.scheduler, config, train, range, choice.steps);
  }
  const bool is_cosine = config.beta_schedule == BetaSchedule::squaredcos_cap_v2;
  if (choice.scheduler == "karras" && !(is_cosine && rounds == Rounds::not_cosine))
    levels.timesteps = rounded(std::move(levels.timesteps));
  for (const double t : levels.timesteps)
    timesteps_.push_back(static_cast<float>(tells_whole_timesteps(choice.scheduler) ? std::trunc(t) : t));
  sigmas_ = finish_sigmas(levels.sigmas, choice.steps);
  if (end == End::first_timestep) sigmas_.back() = static_cast<float>(train.front());
}

Tensor MultistepSampler::predicted_x0(const Tensor& model_output, const Tensor& latents, int i) const {
  const Mix mix = mixes(i).x0;
  return linear_combination({{mix.latents, latents}, {mix.output, model_output}});
}

Tensor MultistepSampler::predicted_noise(const Tensor& model_output, const Tensor& latents, int i) const {
  const Mix mix = mixes(i).epsilon;
  return linear_combination({{mix.latents, latents}, {mix.output, model_output}});
}

}  // namespace latentdial::detail
