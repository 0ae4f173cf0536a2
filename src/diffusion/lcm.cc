#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "diffusion/alpha_sampler.h"
#include "diffusion/samplers.h"
#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

constexpr double kSigmaData = 0.5;

// Those of the latent diffusion models, which is what gets distilled.
NoiseSchedule with_lcm_defaults(NoiseSchedule config) {
  config.beta_start = config.beta_start.value_or(0.00085);
  config.beta_end = config.beta_end.value_or(0.012);
  config.beta_schedule = config.beta_schedule.value_or(BetaSchedule::scaled_linear);
  return config;
}

/// `steps` of the timesteps k − 1, 2k − 1, … that the model was distilled on, falling from the last.
std::vector<float> distilled_timesteps(const NoiseSchedule& config, int steps) {
  const int distilled = config.original_inference_steps;
  if (distilled > config.num_train_timesteps) {
    throw invalid_input(
        fmt::format("scheduler_config.json: \"original_inference_steps\" is {}, more than the {} of "
                    "\"num_train_timesteps\"",
                    distilled, config.num_train_timesteps));
  }
  if (steps > distilled) {
    throw invalid_input("steps",
                        fmt::format("the sampler \"lcm\" takes 1 to {}, of which 4 to 8 are usual, not {}",
                                    distilled, steps));
  }
  const int stride = config.num_train_timesteps / distilled;
  const double spacing = static_cast<double>(distilled) / steps;
  std::vector<float> timesteps;
  for (int i = 0; i < steps; ++i) {
    // numpy's product in double, whose floor is at times one less than the exact one's: 33 steps of 45.
    const int skipped = static_cast<int>(std::floor(i * spacing));
    timesteps.push_back(static_cast<float>((distilled - skipped) * stride - 1));
  }
  return timesteps;
}

/// Latent consistency models (Luo et al. 2023, arXiv 2310.04378): every evaluation goes all the way to x_0,
/// and fresh noise leads back to the next level (multistep consistency sampling: Song et al. 2023, arXiv
/// 2303.01469, algorithm 1).
class LcmSampler final : public AlphaSampler {
 public:
  LcmSampler(const NoiseSchedule& config, int steps)
      : AlphaSampler(with_lcm_defaults(config), steps, /*ends_clean=*/true),
        timestep_scaling_(config.timestep_scaling) {
    if (config.clip_sample.value_or(false)) clip_range_ = config.clip_sample_range;
    timesteps_ = distilled_timesteps(config, steps);
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
    if (!noise) throw Error(ErrorCode::internal, "LcmSampler: no noise source given");
    const NoiseLevel next = noise_level(i + 1);
    return linear_combination(
        {{next.signal * skip, latents}, {next.signal * out, x0}, {next.noise, noise(latents.shape())}});
  }

 private:
  double timestep_scaling_;
  std::optional<float> clip_range_;
};

}  // namespace

std::unique_ptr<Sampler> make_lcm(const NoiseSchedule& config, bool /*karras*/, int steps) {
  return std::make_unique<LcmSampler>(config, steps);
}

}  // namespace latentdial::detail
