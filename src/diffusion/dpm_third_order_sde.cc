#include <cmath>
#include <utility>

#include "diffusion/multistep_sampler.h"
#include "diffusion/samplers.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// "DPM++ 3M SDE" of k-diffusion: SDE-DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095, appendix B.6) with η =
/// 1 whose x̂_0 is a parabola in λ through the last three. diffusers' third order has the other sign on a half
/// of the curvature's coefficient, and does not converge in that order.
class DpmThirdOrderSdeSampler final : public MultistepSampler {
 public:
  DpmThirdOrderSdeSampler(const NoiseSchedule& config, const SamplerChoice& choice)
      : MultistepSampler(config, choice, End::clean, Rounds::not_cosine) {}

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<DpmThirdOrderSdeSampler>(*this);
  }

 protected:
  // With h = λ_{i+1} − λ_i and k = 2h, and D', D'' the slope and the curvature of x̂_0 in units of h:
  //   x_{i+1}/α_{i+1} = e^{−k} x_i/α_i + (1 − e^{−k}) x̂_0 + φ_2 D' − φ_3 D'' + σ_{i+1} √(1 − e^{−2h}) z,
  //   φ_2 = 1 − (1 − e^{−k})/k,  φ_3 = φ_2/k − 1/2.
  // The last step, to σ = 0, is x̂_0.
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents,
                 const NoiseSource& noise) override {
    const Tensor fresh = drawn(noise, latents.shape());
    Tensor x0 = predicted_x0(model_output, latents, i);
    if (i + 1 == evaluations()) return x0;
    const double from = sigma_at(i);
    const double to = sigma_at(i + 1);
    const double k = 2.0 * std::log(from / to);
    const double alpha = alpha_of(to);
    Tensor next = linear_combination({{alpha * std::exp(-k) / alpha_of(from), latents},
                                      {-alpha * std::expm1(-k), x0},
                                      {alpha * to * std::sqrt(-std::expm1(-k)), fresh}});
    next = linear_combination({{1.0, next}, {alpha, correction(i, k, x0)}});
    oldest_x0_ = std::exchange(previous_x0_, std::move(x0));
    return next;
  }

 private:
  /// φ_2 D' − φ_3 D'' of order as far as outputs are known; zeros at the first.
  [[nodiscard]] Tensor correction(int i, double k, const Tensor& x0) const {
    if (!previous_x0_.defined()) return Tensor::zeros(x0.shape());
    const double phi2 = std::expm1(-k) / k + 1.0;
    const double phi3 = phi2 / k - 0.5;
    const double h = k / 2.0;
    const double r0 = std::log(sigma_at(i - 1) / sigma_at(i)) / h;
    const Tensor near = linear_combination({{1.0 / r0, x0}, {-1.0 / r0, previous_x0_}});
    if (!oldest_x0_.defined()) return linear_combination({{phi2, near}});
    const double r1 = std::log(sigma_at(i - 2) / sigma_at(i - 1)) / h;
    const Tensor far = linear_combination({{1.0 / r1, previous_x0_}, {-1.0 / r1, oldest_x0_}});
    // D' = near + (near − far) r0/(r0 + r1), D'' = (near − far)/(r0 + r1).
    const double bend = (phi2 * r0 - phi3) / (r0 + r1);
    return linear_combination({{phi2 + bend, near}, {-bend, far}});
  }

  Tensor previous_x0_, oldest_x0_;
};

}  // namespace

std::unique_ptr<Sampler> make_dpm_third_order_sde(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<DpmThirdOrderSdeSampler>(config, choice);
}

}  // namespace latentdial::detail
