#include <cmath>

#include "diffusion/clip.h"
#include "diffusion/samplers.h"
#include "diffusion/timesteps.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// Denoising diffusion implicit models (Song et al. 2021, arXiv 2010.02502) with η = 0.
class DdimSampler final : public Sampler {
 public:
  DdimSampler(const NoiseSchedule& config, int steps)
      : Sampler(config.prediction_type, steps),
        alphas_(alphas_cumprod(config)),
        final_alpha_(config.set_alpha_to_one.value_or(true) ? 1.0F : alphas_.front()),
        stride_(config.num_train_timesteps / steps),
        clip_range_(config.clip_sample_range),
        clip_(config.clip_sample.value_or(true)) {
    const std::vector<double> timesteps =
        rounded(spaced_timesteps(config, config.timestep_spacing.value_or(TimestepSpacing::leading), steps));
    check_timesteps(timesteps, config, steps);
    timesteps_.assign(timesteps.begin(), timesteps.end());
  }

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<DdimSampler>(*this);
  }
  [[nodiscard]] NoiseLevel noise_level(int i) const override {
    const float alpha = alphas_[static_cast<std::size_t>(timestep(i))];
    return {std::sqrt(alpha), std::sqrt(1.0F - alpha)};
  }

 protected:
  // x_{t−1} = √ᾱ_{t−1} x̂_0 + √(1 − ᾱ_{t−1}) ε̂ (equation 12 with σ = 0).
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents, const NoiseSource&) override {
    PredictionSplit predicted = split_prediction(model_output, latents, i);
    if (clip_) {
      predicted.x0 = clipped(predicted.x0, clip_range_);
    }
    const int previous = static_cast<int>(timestep(i)) - stride_;
    const double alpha = previous >= 0 ? alphas_[static_cast<std::size_t>(previous)] : final_alpha_;
    return linear_combination(
        {{std::sqrt(alpha), predicted.x0}, {std::sqrt(1.0 - alpha), predicted.epsilon}});
  }

 private:
  std::vector<float> alphas_;
  float final_alpha_;
  int stride_;
  float clip_range_;
  bool clip_;
};

}  // namespace

std::unique_ptr<Sampler> make_ddim(const NoiseSchedule& config, int steps) {
  return std::make_unique<DdimSampler>(config, steps);
}

}  // namespace latentdial::detail
