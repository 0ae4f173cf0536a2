#include "diffusion/euler.h"

#include <cmath>

#include "diffusion/samplers.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {

EulerBase::EulerBase(const NoiseSchedule& config, bool karras, int steps)
    : Sampler(config.prediction_type, steps) {
  SigmaSchedule schedule = euler_schedule(config, karras, steps);
  timesteps_.assign(schedule.timesteps.begin(), schedule.timesteps.end());
  sigmas_ = std::move(schedule.sigmas);
  const double largest = sigmas_.front();
  // "leading" does not start at the last training timestep, where x_0 still counts.
  const bool starts_early = config.timestep_spacing == TimestepSpacing::leading;
  init_noise_sigma_ = static_cast<float>(starts_early ? std::sqrt(largest * largest + 1.0) : largest);
}

NoiseLevel EulerBase::noise_level(int i) const {
  check_index(i);
  return {1.0F, sigmas_[static_cast<std::size_t>(i)]};
}

Tensor EulerBase::scale_model_input(const Tensor& latents, int i) const {
  check_index(i);
  return linear_combination({{1.0 / std::sqrt(sigma_at(i) * sigma_at(i) + 1.0), latents}});
}

namespace {

class EulerSampler final : public EulerBase {
 public:
  using EulerBase::EulerBase;

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<EulerSampler>(*this);
  }

 protected:
  // dx/dσ = (x − x̂_0)/σ = ε̂, so x_{i+1} = x_i + (σ_{i+1} − σ_i) ε̂ (Karras et al. 2022, algorithm 1 without
  // its second-order correction).
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents, const NoiseSource&) override {
    const Mix epsilon = epsilon_mix(i);
    const double step = sigma_at(i + 1) - sigma_at(i);
    return linear_combination(
        {{1.0 + step * epsilon.latents, latents}, {step * epsilon.output, model_output}});
  }
};

}  // namespace

std::unique_ptr<Sampler> make_euler(const NoiseSchedule& config, bool karras, int steps) {
  return std::make_unique<EulerSampler>(config, karras, steps);
}

}  // namespace latentdial::detail
