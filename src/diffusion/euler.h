#pragma once

#include "diffusion/sampler.h"
#include "diffusion/sigmas.h"

namespace latentdial::detail {

/// What Euler's samplers share: latents x = x_0 + σ ε whose noise level is σ itself (Karras et al. 2022,
/// arXiv 2206.00364), scaled to unit variance for the U-Net.
class EulerBase : public Sampler {
 public:
  EulerBase(const NoiseSchedule& config, bool karras, int steps);

  [[nodiscard]] NoiseLevel noise_level(int i) const override;
  [[nodiscard]] float init_noise_sigma() const override { return init_noise_sigma_; }
  /// x / √(σ² + 1).
  [[nodiscard]] Tensor scale_model_input(const Tensor& latents, int i) const override;

 protected:
  /// σ of evaluation i; that of i + 1 is where its step goes, 0 at the end.
  [[nodiscard]] double sigma_at(int i) const { return sigmas_.at(static_cast<std::size_t>(i)); }

 private:
  std::vector<float> sigmas_;
  float init_noise_sigma_;
};

}  // namespace latentdial::detail
