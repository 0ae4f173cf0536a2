#include <cmath>

#include "diffusion/alpha_sampler.h"
#include "diffusion/samplers.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// Denoising diffusion implicit models (Song et al. 2021, arXiv 2010.02502) with η = 0.
class DdimSampler final : public AlphaSampler {
 public:
  DdimSampler(const NoiseSchedule& config, int steps)
      : AlphaSampler(config, steps, config.set_alpha_to_one.value_or(true)) {
    space_and_clip(config, steps);
  }

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<DdimSampler>(*this);
  }

 protected:
  // x_{t−1} = √ᾱ_{t−1} x̂_0 + √(1 − ᾱ_{t−1}) ε̂ (equation 12 with σ = 0).
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents, const NoiseSource&) override {
    PredictionSplit predicted = split_prediction(model_output, latents, i);
    if (clip_range_) predicted.x0 = clipped(predicted.x0, *clip_range_);
    const double alpha = alpha_at(static_cast<int>(timestep(i)) - stride_);
    return linear_combination(
        {{std::sqrt(alpha), predicted.x0}, {std::sqrt(1.0 - alpha), predicted.epsilon}});
  }
};

}  // namespace

std::unique_ptr<Sampler> make_ddim(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<DdimSampler>(config, choice.steps);
}

}  // namespace latentdial::detail
