#include <cmath>
#include <utility>

#include "diffusion/multistep_sampler.h"
#include "diffusion/samplers.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

constexpr int kFewSteps = 15;  // The last step of fewer than these is of first order.

/// ∫ (ln σ − ln c)/(ln b − ln c) dσ, up to a constant.
double integral(double sigma, double b, double c) {
  return sigma * (std::log(sigma) - std::log(c) - 1.0) / (std::log(b) - std::log(c));
}

/// Diffusion exponential integrator (Zhang and Chen 2022, arXiv 2204.13902), "log-rho" of second order: ε̂ is
/// a line in ln σ through the last two, and x/α is integrated over σ. It ends at the noise of the first
/// training timestep, as diffusers'.
class DeisSampler final : public MultistepSampler {
 public:
  DeisSampler(const NoiseSchedule& config, const SamplerChoice& choice)
      : MultistepSampler(config, choice, End::first_timestep, Rounds::all_schedules) {}

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<DeisSampler>(*this);
  }

 protected:
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents, const NoiseSource&) override {
    const double from = sigma_at(i);
    const double to = sigma_at(i + 1);
    const double alpha = alpha_of(to);
    Tensor epsilon = predicted_noise(model_output, latents, i);
    double now = to - from;
    double before = 0.0;
    if (previous_epsilon_.defined() && !(i + 1 == evaluations() && evaluations() < kFewSteps)) {
      const double older = sigma_at(i - 1);
      now = integral(to, from, older) - integral(from, from, older);
      before = integral(to, older, from) - integral(from, older, from);
    }
    const Tensor& other = before == 0.0 ? epsilon : previous_epsilon_;
    Tensor next = linear_combination(
        {{alpha / alpha_of(from), latents}, {alpha * now, epsilon}, {alpha * before, other}});
    previous_epsilon_ = std::move(epsilon);
    return next;
  }

 private:
  Tensor previous_epsilon_;
};

}  // namespace

std::unique_ptr<Sampler> make_deis(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<DeisSampler>(config, choice);
}

}  // namespace latentdial::detail
