#include <cmath>
#include <utility>

#include "diffusion/multistep_sampler.h"
#include "diffusion/samplers.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// UniPC of second order on x̂_0 with B(h) = e^h − 1 (Zhao et al. 2023, arXiv 2302.04867, algorithms 7 and 8):
/// what a step predicted is corrected by the evaluation that follows it, which costs none of its own.
class UniPcSampler final : public MultistepSampler {
 public:
  UniPcSampler(const NoiseSchedule& config, const SamplerChoice& choice)
      : MultistepSampler(config, choice, End::clean, Rounds::all_schedules) {}

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<UniPcSampler>(*this);
  }

 protected:
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents, const NoiseSource&) override {
    Tensor x0 = predicted_x0(model_output, latents, i);
    Tensor corrected = begun_.defined() ? this->corrected(x0, i) : latents;
    oldest_x0_ = std::exchange(previous_x0_, std::move(x0));
    begun_ = std::move(corrected);
    order_ = oldest_x0_.defined() && i + 1 < evaluations() ? 2 : 1;
    return predicted(i);
  }

 private:
  /// A step's first-order part: x̂_0 held, (σ̂'/σ̂) x + α' (1 − e^{−h}) x̂_0.
  [[nodiscard]] Term kept(double from, double to) const {
    return {to * alpha_of(to) / (from * alpha_of(from)), begun_};
  }

  // x' = first order + α' (1 − e^{−h}) D/2, with D = (x̂_0(i−1) − x̂_0(i))/r, r = (λ_{i−1} − λ_i)/h.
  [[nodiscard]] Tensor predicted(int i) const {
    const double from = sigma_at(i);
    const double to = sigma_at(i + 1);
    const double gain = alpha_of(to) * (1.0 - to / from);
    if (order_ == 1) return linear_combination({kept(from, to), {gain, previous_x0_}});
    const double r = std::log(from / sigma_at(i - 1)) / std::log(from / to);
    const double share = 0.5 / r;
    return linear_combination(
        {kept(from, to), {gain * (1.0 - share), previous_x0_}, {gain * share, oldest_x0_}});
  }

  // The step from i − 1 to i again, with x̂_0 of its end: x' = first order + α' (1 − e^{−h}) (ρ_1 D + ρ_2
  // D_t), D_t = x̂_0(i) − x̂_0(i−1). Of first order ρ_2 = 1/2; of second ρ_1 + ρ_2 = b_1, r ρ_1 + ρ_2 = b_2,
  // with
  //   b_1 = (φ − 1)/B, b_2 = 2 ((φ − 1)/(−h) − 1/2)/B,  φ = (e^{−h} − 1)/(−h), B = e^{−h} − 1.
  [[nodiscard]] Tensor corrected(const Tensor& x0, int i) const {
    const double from = sigma_at(i - 1);
    const double to = sigma_at(i);
    const double gain = alpha_of(to) * (1.0 - to / from);
    if (order_ == 1)
      return linear_combination({kept(from, to), {0.5 * gain, previous_x0_}, {0.5 * gain, x0}});
    const double h = std::log(from / to);
    const double r = std::log(from / sigma_at(i - 2)) / h;
    const double b = std::expm1(-h);
    const double phi = b / -h - 1.0;
    const double b1 = phi / b;
    const double b2 = 2.0 * (phi / -h - 0.5) / b;
    const double rho1 = (b1 - b2) / (1.0 - r);
    const double rho2 = b1 - rho1;
    return linear_combination({kept(from, to),
                               {gain * (1.0 - rho1 / r - rho2), previous_x0_},
                               {gain * rho1 / r, oldest_x0_},
                               {gain * rho2, x0}});
  }

  Tensor begun_;                    ///< The latents that the latest step began with, corrected.
  Tensor previous_x0_, oldest_x0_;  ///< x̂_0 of that evaluation, and of the one before.
  int order_ = 1;                   ///< Of the latest step.
};

}  // namespace

std::unique_ptr<Sampler> make_unipc(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<UniPcSampler>(config, choice);
}

}  // namespace latentdial::detail
