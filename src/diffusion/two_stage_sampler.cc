#include "diffusion/two_stage_sampler.h"

#include <cmath>
#include <utility>

#include "diffusion/sigmas.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

constexpr DefaultBetas kBetas{0.00085, 0.012, BetaSchedule::linear};

}  // namespace

TwoStageSampler::TwoStageSampler(const NoiseSchedule& config, const SamplerChoice& choice, Middle* middle)
    : SigmaSampler(with_default_betas(config, kBetas), choice) {
  evaluations_a_step_ = 2;
  const std::vector<double> train = train_sigmas(with_default_betas(config, kBetas));
  const auto step_sigmas = std::exchange(sigmas_, {});
  const auto step_timesteps = std::exchange(timesteps_, {});
  for (std::size_t k = 0; k < step_timesteps.size(); ++k) {
    sigmas_.push_back(step_sigmas[k]);
    timesteps_.push_back(step_timesteps[k]);
    if (k + 1 == step_timesteps.size()) break;
    if (middle == nullptr) {
      sigmas_.push_back(step_sigmas[k + 1]);
      timesteps_.push_back(step_timesteps[k + 1]);
    } else {
      const double sigma = middle(step_sigmas[k], step_sigmas[k + 1]);
      sigmas_.push_back(static_cast<float>(sigma));
      timesteps_.push_back(static_cast<float>(timesteps_of_sigmas({sigma}, train).front()));
    }
  }
  sigmas_.push_back(0.0F);
}

Tensor TwoStageSampler::advance(const Tensor& model_output, int i, const Tensor& latents,
                                const NoiseSource& noise) {
  Tensor x0 = predicted_x0(model_output, latents, i);
  if (i + 1 == evaluations()) return x0;
  const bool begins = i % 2 == 0;
  if (begins) begun_ = latents.clone();
  const int first = begins ? i : i - 1;
  const Step step{sigma_at(first), sigma_at(first + 1), sigma_at(first + 2), begun_};
  return begins ? first_stage(step, x0, noise) : second_stage(step, latents, x0, noise);
}

Tensor TwoStageSampler::first_stage(const Step& step, const Tensor& x0, const NoiseSource&) {
  return towards(x0, step.from, step.middle, step.begun);
}

double TwoStageSampler::geometric_mean(double from, double to) {
  return std::sqrt(from * to);
}

Tensor TwoStageSampler::renoised(const Step& step, double to, const Tensor& x0, const Tensor& noise) {
  const AncestralStep ancestral(step.from, to);
  const Tensor down = towards(x0, step.from, ancestral.down, step.begun);
  return linear_combination({{1.0, down}, {ancestral.up, noise}});
}

Tensor TwoStageSampler::towards(const Tensor& x0, double from, double to, const Tensor& x) {
  return linear_combination({{to / from, x}, {1.0 - to / from, x0}});
}

}  // namespace latentdial::detail
