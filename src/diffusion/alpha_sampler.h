#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "diffusion/sampler.h"
#include "diffusion/timesteps.h"

namespace latentdial::detail {

/// What PNDM, DDIM, DDPM, LCM and TCD share: latents x = √ᾱ x_0 + √(1 − ᾱ) ε, with ᾱ by training timestep.
class AlphaSampler : public Sampler {
 public:
  [[nodiscard]] NoiseLevel noise_level(int i) const override {
    const float alpha = alphas_[static_cast<std::size_t>(timestep(i))];
    return {std::sqrt(alpha), std::sqrt(1.0F - alpha)};
  }

 protected:
  /// After the last step ᾱ is 1 if it `ends_clean`, else that of the first training timestep.
  AlphaSampler(const NoiseSchedule& config, int steps, bool ends_clean)
      : Sampler(config.prediction_type, steps),
        stride_(config.num_train_timesteps / steps),
        alphas_(alphas_cumprod(config)),
        final_alpha_(ends_clean ? 1.0F : alphas_.front()) {}

  /// DDIM's and DDPM's: timesteps as the config spaces them, and x̂_0 clipped where it does not say otherwise.
  void space_and_clip(const NoiseSchedule& config, int steps) {
    if (config.clip_sample.value_or(true)) clip_range_ = config.clip_sample_range;
    const std::vector<double> timesteps =
        rounded(spaced_timesteps(config, config.timestep_spacing.value_or(TimestepSpacing::leading), steps));
    check_timesteps(timesteps, config, steps);
    timesteps_.assign(timesteps.begin(), timesteps.end());
  }

  /// ᾱ of a training timestep; below 0: after the last step.
  [[nodiscard]] double alpha_at(int t) const {
    return t >= 0 ? alphas_[static_cast<std::size_t>(t)] : final_alpha_;
  }
  [[nodiscard]] int last_train_timestep() const { return static_cast<int>(alphas_.size()) - 1; }

  /// A copy of an f32 tensor with every element brought into [−range, range]; `range` ≥ 0.
  [[nodiscard]] static Tensor clipped(const Tensor& x, float range) {
    Tensor result = x.clone();
    for (float& value : result.values()) value = std::clamp(value, -range, range);
    return result;
  }

  std::optional<float> clip_range_;  ///< Of x̂_0; none: it is not clipped.
  int stride_;                       ///< Training timesteps from one step to the next.

 private:
  std::vector<float> alphas_;
  float final_alpha_;
};

}  // namespace latentdial::detail
