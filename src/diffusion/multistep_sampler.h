#pragma once

#include <cmath>

#include "diffusion/sampler.h"
#include "diffusion/samplers.h"

namespace latentdial::detail {

/// What the multistep solvers in λ = ln(α/σ̂) = −ln σ share, on latents x = α x_0 + σ̂ ε with α² + σ̂² = 1 and
/// k-diffusion's σ = σ̂/α.
class MultistepSampler : public Sampler {
 public:
  [[nodiscard]] NoiseLevel noise_level(int i) const override {
    check_index(i);
    return level_of(sigma_at(i));
  }

 protected:
  /// σ after the last evaluation: 0, or that of the first training timestep.
  enum class End { clean, first_timestep };
  /// Whether Karras timesteps are rounded, rather than cut off, on a cosine schedule too.
  enum class Rounds { all_schedules, not_cosine };
  MultistepSampler(const NoiseSchedule& config, const SamplerChoice& choice, End end, Rounds rounds);

  /// σ of evaluation i; that of i + 1 is where its step goes.
  [[nodiscard]] double sigma_at(int i) const { return sigmas_.at(static_cast<std::size_t>(i)); }
  [[nodiscard]] static NoiseLevel level_of(double sigma) {
    const double signal = 1.0 / std::sqrt(sigma * sigma + 1.0);
    return {static_cast<float>(signal), static_cast<float>(sigma * signal)};
  }
  /// α at σ.
  [[nodiscard]] static double alpha_of(double sigma) { return 1.0 / std::sqrt(sigma * sigma + 1.0); }
  /// The model's x̂_0 and ε̂ of evaluation i.
  [[nodiscard]] Tensor predicted_x0(const Tensor& model_output, const Tensor& latents, int i) const;
  [[nodiscard]] Tensor predicted_noise(const Tensor& model_output, const Tensor& latents, int i) const;

 private:
  std::vector<float> sigmas_;
};

}  // namespace latentdial::detail
