#include <cmath>

#include "diffusion/alpha_sampler.h"
#include "diffusion/samplers.h"
#include "diffusion/timesteps.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// Trajectory consistency distillation (Zheng et al. 2024, arXiv 2402.19159, algorithm 2): every evaluation
/// goes to s = (1 − η) t' of the next timestep t', and fresh noise leads back up to t'.
class TcdSampler final : public AlphaSampler {
 public:
  TcdSampler(const NoiseSchedule& config, const SamplerChoice& choice)
      : AlphaSampler(with_default_betas(config, kLatentDiffusionBetas), choice.steps, /*ends_clean=*/true),
        eta_(choice.eta) {
    timesteps_ = distilled_timesteps(config, "tcd", choice.steps);
  }

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<TcdSampler>(*this);
  }

 protected:
  // x_s = √ᾱ_s x̂_0 + √(1 − ᾱ_s) ε̂,  x' = √(ᾱ'/ᾱ_s) x_s + √(1 − ᾱ'/ᾱ_s) z; the last step goes to timestep 0
  // and draws no noise.
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents,
                 const NoiseSource& noise) override {
    const auto [x0, epsilon] = split_prediction(model_output, latents, i);
    const bool is_last = i + 1 == evaluations();
    const float next = is_last ? 0.0F : timestep(i + 1);
    const double then = alpha_at(static_cast<int>(next));
    // In float32, as torch floors it.
    const double there = alpha_at(static_cast<int>(std::floor(static_cast<float>(1.0 - eta_) * next)));
    Tensor result = linear_combination({{std::sqrt(there), x0}, {std::sqrt(1.0 - there), epsilon}});
    if (is_last || eta_ == 0.0) return result;
    return linear_combination(
        {{std::sqrt(then / there), result}, {std::sqrt(1.0 - then / there), drawn(noise, latents.shape())}});
  }

 private:
  double eta_;
};

}  // namespace

std::unique_ptr<Sampler> make_tcd(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<TcdSampler>(config, choice);
}

}  // namespace latentdial::detail
