#include <algorithm>
#include <cmath>

#include "diffusion/samplers.h"
#include "diffusion/sigmas.h"
#include "diffusion/timesteps.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// DPM-Solver++(2M) (Lu et al. 2022, arXiv 2211.01095, algorithm 2), the midpoint form, on latents
/// x = α x_0 + σ̂ ε with α² + σ̂² = 1. Its time is λ = ln(α/σ̂) = −ln σ in k-diffusion's σ = σ̂/α.
class DpmMultistepSampler final : public Sampler {
 public:
  DpmMultistepSampler(const NoiseSchedule& config, bool karras, int steps)
      : Sampler(config.prediction_type, steps) {
    const std::vector<double> train = train_sigmas(config);
    std::vector<double> timesteps = spread(config, steps);
    check_timesteps(timesteps, config, steps);
    std::vector<double> sigmas = sigmas_at(timesteps, train);
    if (karras) {
      sigmas = karras_sigmas(train.back(), train.front(), steps);
      timesteps = timesteps_of_sigmas(sigmas, train);
      if (config.beta_schedule != BetaSchedule::squaredcos_cap_v2) timesteps = rounded(std::move(timesteps));
    }
    sigmas_ = finish_sigmas(sigmas, steps);
    for (const double t : timesteps) timesteps_.push_back(static_cast<float>(std::trunc(t)));
  }

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<DpmMultistepSampler>(*this);
  }
  [[nodiscard]] NoiseLevel noise_level(int i) const override {
    check_index(i);
    const double sigma = sigmas_[static_cast<std::size_t>(i)];
    const double signal = 1.0 / std::sqrt(sigma * sigma + 1.0);
    return {static_cast<float>(signal), static_cast<float>(sigma * signal)};
  }

 protected:
  // With h = λ_{i+1} − λ_i, so that e^{−h} = σ_{i+1}/σ_i, and r = (λ_i − λ_{i−1})/h:
  //   D = x̂_0(i) + (x̂_0(i) − x̂_0(i−1))/(2r),  x_{i+1} = (σ̂_{i+1}/σ̂_i) x_i − α_{i+1} (e^{−h} − 1) D.
  // The first and the last evaluation have no second order: D = x̂_0(i).
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents, const NoiseSource&) override {
    const auto index = static_cast<std::size_t>(i);
    const double from = sigmas_[index];
    const double to = sigmas_[index + 1];
    const double shrink = to / from;
    const double alpha = 1.0 / std::sqrt(to * to + 1.0);
    const double keep = shrink * alpha * std::sqrt(from * from + 1.0);
    const Mix mix = mixes(i).x0;
    Tensor x0 = linear_combination({{mix.latents, latents}, {mix.output, model_output}});

    double slope = 0.0;
    if (previous_x0_.defined() && i > 0 && i + 1 < evaluations()) {
      slope = 0.5 * std::log(shrink) / std::log(from / sigmas_[index - 1]);
    }
    const Tensor& older = slope == 0.0 ? x0 : previous_x0_;
    const double gain = alpha * (1.0 - shrink);
    Tensor next = linear_combination({{keep, latents}, {gain * (1.0 + slope), x0}, {-gain * slope, older}});
    previous_x0_ = std::move(x0);
    return next;
  }

 private:
  // One more point than steps; the last, nearly clean one is left to the jump to σ = 0. "trailing" has no
  // such point.
  static std::vector<double> spread(const NoiseSchedule& config, int steps) {
    const TimestepSpacing spacing = config.timestep_spacing.value_or(TimestepSpacing::linspace);
    if (spacing == TimestepSpacing::trailing) return spaced_timesteps(config, spacing, steps);
    std::vector<double> timesteps = rounded(spaced_timesteps(config, spacing, steps + 1));
    timesteps.pop_back();
    return timesteps;
  }

  std::vector<float> sigmas_;
  Tensor previous_x0_;
};

}  // namespace

std::unique_ptr<Sampler> make_dpm_multistep(const NoiseSchedule& config, bool karras, int steps) {
  return std::make_unique<DpmMultistepSampler>(config, karras, steps);
}

}  // namespace latentdial::detail
