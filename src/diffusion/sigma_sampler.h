#pragma once

#include <cmath>

#include "diffusion/sampler.h"
#include "diffusion/samplers.h"

namespace latentdial::detail {

/// What samplers on latents x = x_0 + σ ε share, whose noise level is σ itself (Karras et al. 2022, arXiv
/// 2206.00364); the U-Net sees them scaled to unit variance.
class SigmaSampler : public Sampler {
 public:
  SigmaSampler(const NoiseSchedule& config, const SamplerChoice& choice);

  [[nodiscard]] NoiseLevel noise_level(int i) const override {
    check_index(i);
    return {1.0F, sigmas_[static_cast<std::size_t>(i)]};
  }
  [[nodiscard]] float init_noise_sigma() const override { return init_noise_sigma_; }
  /// x / √(σ² + 1).
  [[nodiscard]] Tensor scale_model_input(const Tensor& latents, int i) const override;

 protected:
  /// σ of evaluation i; that of i + 1 is where its step goes, 0 at the end.
  [[nodiscard]] double sigma_at(int i) const { return sigmas_.at(static_cast<std::size_t>(i)); }
  /// The model's ε̂ and x̂_0 of evaluation i.
  [[nodiscard]] Tensor predicted_noise(const Tensor& model_output, const Tensor& latents, int i) const;
  [[nodiscard]] Tensor predicted_x0(const Tensor& model_output, const Tensor& latents, int i) const;

  std::vector<float> sigmas_;  ///< Of each evaluation; 0 follows the last.

 private:
  float init_noise_sigma_;
};

/// Ancestral sampling: down to `down`, then back up with fresh noise of deviation `up`, so that
/// down² + up² = to² (Song et al. 2021, arXiv 2010.02502, equation 16 with η = 1, in σ):
///   up² = to² (from² − to²)/from²,  down = to²/from.
struct AncestralStep {
  AncestralStep(double from, double to)
      : up(to * std::sqrt((from - to) * (from + to)) / from), down(to * to / from) {}
  double up, down;
};

}  // namespace latentdial::detail
