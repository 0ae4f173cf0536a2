#include <cmath>

#include "diffusion/samplers.h"
#include "diffusion/sigmas.h"
#include "diffusion/timesteps.h"
#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// What Euler's samplers share: latents x = x_0 + σ ε whose noise level is σ itself (Karras et al. 2022,
/// arXiv 2206.00364), scaled to unit variance for the U-Net.
class EulerBase : public Sampler {
 public:
  EulerBase(const NoiseSchedule& config, bool karras, int steps);

  [[nodiscard]] NoiseLevel noise_level(int i) const override {
    check_index(i);
    return {1.0F, sigmas_[static_cast<std::size_t>(i)]};
  }
  [[nodiscard]] float init_noise_sigma() const override { return init_noise_sigma_; }
  /// x / √(σ² + 1).
  [[nodiscard]] Tensor scale_model_input(const Tensor& latents, int i) const override {
    check_index(i);
    return linear_combination({{1.0 / std::sqrt(sigma_at(i) * sigma_at(i) + 1.0), latents}});
  }

 protected:
  /// σ of evaluation i; that of i + 1 is where its step goes, 0 at the end.
  [[nodiscard]] double sigma_at(int i) const { return sigmas_.at(static_cast<std::size_t>(i)); }

 private:
  std::vector<float> sigmas_;
  float init_noise_sigma_;
};

EulerBase::EulerBase(const NoiseSchedule& config, bool karras, int steps)
    : Sampler(config.prediction_type, steps) {
  const std::vector<double> train = train_sigmas(config);
  std::vector<double> timesteps =
      spaced_timesteps(config, config.timestep_spacing.value_or(TimestepSpacing::linspace), steps);
  check_timesteps(timesteps, config, steps);
  // diffusers keeps these in float32.
  for (double& t : timesteps) t = static_cast<float>(t);
  std::vector<double> sigmas = sigmas_at(timesteps, train);
  if (karras) {
    sigmas = karras_sigmas(sigmas.front(), sigmas.back(), steps);
    timesteps = timesteps_of_sigmas(sigmas, train);
  }
  sigmas_ = finish_sigmas(sigmas, steps);
  timesteps_.assign(timesteps.begin(), timesteps.end());
  const double largest = sigmas_.front();
  // "leading" does not start at the last training timestep, where x_0 still counts.
  const bool starts_early = config.timestep_spacing == TimestepSpacing::leading;
  init_noise_sigma_ = static_cast<float>(starts_early ? std::sqrt(largest * largest + 1.0) : largest);
}

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
    const Mix epsilon = mixes(i).epsilon;
    const double step = sigma_at(i + 1) - sigma_at(i);
    return linear_combination(
        {{1.0 + step * epsilon.latents, latents}, {step * epsilon.output, model_output}});
  }
};

class EulerAncestralSampler final : public EulerBase {
 public:
  using EulerBase::EulerBase;

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<EulerAncestralSampler>(*this);
  }

 protected:
  // Down to σ_down by Euler's step, then back up to σ_{i+1} with fresh noise:
  //   σ_up² = σ_{i+1}² (σ_i² − σ_{i+1}²)/σ_i²,  σ_down² = σ_{i+1}² − σ_up²,
  //   x_{i+1} = x_i + (σ_down − σ_i) ε̂ + σ_up z
  // (Song et al. 2021, arXiv 2010.02502, equation 16 with η = 1, in k-diffusion's σ).
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents,
                 const NoiseSource& noise) override {
    if (!noise) throw Error(ErrorCode::internal, "EulerAncestralSampler: no noise source given");
    const double from = sigma_at(i);
    const double to = sigma_at(i + 1);
    const double up = to * std::sqrt((from - to) * (from + to)) / from;
    const double down = to * to / from;
    const Mix epsilon = mixes(i).epsilon;
    const double step = down - from;
    // The last step draws too, for nothing, so that a generator goes on where diffusers' does.
    const Tensor fresh = noise(latents.shape());
    return linear_combination(
        {{1.0 + step * epsilon.latents, latents}, {step * epsilon.output, model_output}, {up, fresh}});
  }
};

}  // namespace

std::unique_ptr<Sampler> make_euler(const NoiseSchedule& config, bool karras, int steps) {
  return std::make_unique<EulerSampler>(config, karras, steps);
}

std::unique_ptr<Sampler> make_euler_ancestral(const NoiseSchedule& config, bool karras, int steps) {
  return std::make_unique<EulerAncestralSampler>(config, karras, steps);
}

}  // namespace latentdial::detail
