#include <cmath>

#include "diffusion/euler.h"
#include "diffusion/samplers.h"
#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

class EulerAncestralSampler final : public EulerBase {
 public:
  using EulerBase::EulerBase;

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<EulerAncestralSampler>(*this);
  }

 protected:
  // Down to σ_down by Euler's step, then back up to σ_{i+1} with fresh noise:
  //   σ_up² = σ_{i+1}² (σ_i² − σ_{i+1}²)/σ_i²,  σ_down² = σ_{i+1}² − σ_up²,
  //   x_{i+1} = x_i + (σ_down − σ_i) ε̂ + σ_up z
  // (Song et al. 2021, arXiv 2010.02502, equation 16 with η = 1, in k-diffusion's σ).
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents,
                 const NoiseSource& noise) override {
    if (!noise) {
      throw Error(ErrorCode::internal, "EulerAncestralSampler: no noise source given");
    }
    const double from = sigma_at(i);
    const double to = sigma_at(i + 1);
    const double up = to * std::sqrt((from - to) * (from + to)) / from;
    const double down = to * to / from;
    const Mix epsilon = epsilon_mix(i);
    const double step = down - from;
    // The last step draws too, for nothing, so that a generator goes on where diffusers' does.
    const Tensor fresh = noise(latents.shape());
    return linear_combination(
        {{1.0 + step * epsilon.latents, latents}, {step * epsilon.output, model_output}, {up, fresh}});
  }
};

}  // namespace

std::unique_ptr<Sampler> make_euler_ancestral(const NoiseSchedule& config, bool karras, int steps) {
  return std::make_unique<EulerAncestralSampler>(config, karras, steps);
}

}  // namespace latentdial::detail
