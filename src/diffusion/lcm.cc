#include <cmath>

#include "diffusion/alpha_sampler.h"
#include "diffusion/samplers.h"
#include "diffusion/timesteps.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

constexpr double kSigmaData = 0.5;

/// Latent consistency models (Luo et al. 2023, arXiv 2310.04378): every evaluation goes all the way to x_0,
/// and fresh noise leads back to the next level (multistep consistency sampling: Song et al. 2023, arXiv
/// 2303.01469, algorithm 1).
class LcmSampler final : public AlphaSampler {
 public:
  LcmSampler(const NoiseSchedule& config, int steps)
      : AlphaSampler(with_default_betas(config, kLatentDiffusionBetas), steps, /*ends_clean=*/true),
        timestep_scaling_(config.timestep_scaling) {
    if (config.clip_sample.value_or(false)) clip_range_ = config.clip_sample_range;
    timesteps_ = distilled_timesteps(config, "lcm", steps);
  }

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<LcmSampler>(*this);
  }

 protected:
  // f(x, t) = c_skip x + c_out x̂_0, which is x itself at t = 0 (Song et al. 2023, equation 5), with
  //   c_skip = σ_d²/((st)² + σ_d²),  c_out = st/√((st)² + σ_d²),  s the timestep scaling;
  // then x_{i+1} = √ᾱ_{i+1} f + √(1 − ᾱ_{i+1}) z. The last step is f, and draws no noise.
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents,
                 const NoiseSource& noise) override {
    const Mix mix = mixes(i).x0;
    Tensor x0 = linear_combination({{mix.latents, latents}, {mix.output, model_output}});
    if (clip_range_) x0 = clipped(x0, *clip_range_);
    const double t = timestep_scaling_ * timestep(i);
    const double skip = kSigmaData * kSigmaData / (t * t + kSigmaData * kSigmaData);
    const double out = t / std::hypot(t, kSigmaData);
    if (i + 1 == evaluations()) return linear_combination({{skip, latents}, {out, x0}});
    const NoiseLevel next = noise_level(i + 1);
    return linear_combination({{next.signal * skip, latents},
                               {next.signal * out, x0},
                               {next.noise, drawn(noise, latents.shape())}});
  }

 private:
  double timestep_scaling_;
};

}  // namespace

std::unique_ptr<Sampler> make_lcm(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<LcmSampler>(config, choice.steps);
}

}  // namespace latentdial::detail
