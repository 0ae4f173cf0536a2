#include <cmath>

#include "diffusion/alpha_sampler.h"
#include "diffusion/samplers.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// Ancestral sampling of denoising diffusion (Ho et al. 2020, arXiv 2006.11239) with the smaller variance.
class DdpmSampler final : public AlphaSampler {
 public:
  DdpmSampler(const NoiseSchedule& config, int steps) : AlphaSampler(config, steps, /*ends_clean=*/true) {
    space_and_clip(config, steps);
  }

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<DdpmSampler>(*this);
  }

 protected:
  // Equation 7 from one timestep to the next of the run, at the end to ᾱ = 1: with β = 1 − ᾱ/ᾱ',
  //   x' = √ᾱ' β/(1 − ᾱ) x̂_0 + √(1 − β) (1 − ᾱ')/(1 − ᾱ) x + √(β (1 − ᾱ')/(1 − ᾱ)) z.
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents,
                 const NoiseSource& noise) override {
    Tensor x0 = split_prediction(model_output, latents, i).x0;
    if (clip_range_) x0 = clipped(x0, *clip_range_);
    const int t = static_cast<int>(timestep(i));
    const double now = alpha_at(t);
    const double then = alpha_at(i + 1 < evaluations() ? static_cast<int>(timestep(i + 1)) : -1);
    const double beta = 1.0 - now / then;
    Tensor mean = linear_combination({{std::sqrt(then) * beta / (1.0 - now), x0},
                                      {std::sqrt(1.0 - beta) * (1.0 - then) / (1.0 - now), latents}});
    if (t == 0) return mean;
    const double variance = beta * (1.0 - then) / (1.0 - now);
    return linear_combination({{1.0, mean}, {std::sqrt(variance), drawn(noise, mean.shape())}});
  }
};

}  // namespace

std::unique_ptr<Sampler> make_ddpm(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<DdpmSampler>(config, choice.steps);
}

}  // namespace latentdial::detail
