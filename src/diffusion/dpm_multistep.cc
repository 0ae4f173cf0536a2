#include <cmath>
#include <utility>

#include "diffusion/multistep_sampler.h"
#include "diffusion/samplers.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// DPM-Solver++(2M) (Lu et al. 2022, arXiv 2211.01095, algorithm 2), the midpoint form; `stochastic`: its SDE
/// form with η = 1 (SDE-DPM-Solver++, there section 3.4 and appendix B.6), which takes fresh noise each step.
class DpmMultistepSampler final : public MultistepSampler {
 public:
  DpmMultistepSampler(const NoiseSchedule& config, const SamplerChoice& choice, bool stochastic)
      : MultistepSampler(config, choice, End::clean, Rounds::not_cosine), stochastic_(stochastic) {}

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<DpmMultistepSampler>(*this);
  }

 protected:
  // With h = λ_{i+1} − λ_i, so that e^{−h} = σ_{i+1}/σ_i, and r = (λ_i − λ_{i−1})/h:
  //   D = x̂_0(i) + (x̂_0(i) − x̂_0(i−1))/(2r),  x_{i+1} = (σ̂_{i+1}/σ̂_i) x_i − α_{i+1} (e^{−h} − 1) D.
  // The first and the last evaluation have no second order: D = x̂_0(i). Of the SDE
  //   x_{i+1} = (σ̂_{i+1}/σ̂_i) e^{−h} x_i + α_{i+1} (1 − e^{−2h}) D + σ̂_{i+1} √(1 − e^{−2h}) z.
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents,
                 const NoiseSource& noise) override {
    const double from = sigma_at(i);
    const double to = sigma_at(i + 1);
    const double shrink = to / from;
    const double decay = stochastic_ ? shrink * shrink : shrink;
    const double alpha = alpha_of(to);
    const double keep = decay * alpha * std::sqrt(from * from + 1.0);
    Tensor x0 = predicted_x0(model_output, latents, i);

    double slope = 0.0;
    if (previous_x0_.defined() && i > 0 && i + 1 < evaluations())
      slope = 0.5 * std::log(shrink) / std::log(from / sigma_at(i - 1));
    const Tensor& older = slope == 0.0 ? x0 : previous_x0_;
    const double gain = alpha * (1.0 - decay);
    Tensor next = linear_combination({{keep, latents}, {gain * (1.0 + slope), x0}, {-gain * slope, older}});
    if (stochastic_) {
      // The last step draws too, for nothing, so that a generator goes on where diffusers' does.
      next = linear_combination(
          {{1.0, next}, {alpha * to * std::sqrt(1.0 - shrink * shrink), drawn(noise, next.shape())}});
    }
    previous_x0_ = std::move(x0);
    return next;
  }

 private:
  bool stochastic_;
  Tensor previous_x0_;
};

}  // namespace

std::unique_ptr<Sampler> make_dpm_multistep(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<DpmMultistepSampler>(config, choice, /*stochastic=*/false);
}

std::unique_ptr<Sampler> make_dpm_multistep_sde(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<DpmMultistepSampler>(config, choice, /*stochastic=*/true);
}

}  // namespace latentdial::detail
