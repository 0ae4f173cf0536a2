#include "diffusion/samplers.h"
#include "diffusion/sigma_sampler.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

class EulerSampler final : public SigmaSampler {
 public:
  using SigmaSampler::SigmaSampler;

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<EulerSampler>(*this);
  }

 protected:
  // dx/dσ = (x − x̂_0)/σ = ε̂, so x_{i+1} = x_i + (σ_{i+1} − σ_i) ε̂ (Karras et al. 2022, algorithm 1 without
  // its second-order correction).
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents, const NoiseSource&) override {
    const Mix epsilon = mixes(i).epsilon;
    const double step = sigma_at(i + 1) - sigma_at(i);
    return linear_combination(
        {{1.0 + step * epsilon.latents, latents}, {step * epsilon.output, model_output}});
  }
};

class EulerAncestralSampler final : public SigmaSampler {
 public:
  using SigmaSampler::SigmaSampler;

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<EulerAncestralSampler>(*this);
  }

 protected:
  // x_{i+1} = x_i + (σ_down − σ_i) ε̂ + σ_up z: down by Euler's step, then back up with fresh noise.
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents,
                 const NoiseSource& noise) override {
    const AncestralStep ancestral(sigma_at(i), sigma_at(i + 1));
    const Mix epsilon = mixes(i).epsilon;
    const double step = ancestral.down - sigma_at(i);
    // The last step draws too, for nothing, so that a generator goes on where diffusers' does.
    const Tensor fresh = drawn(noise, latents.shape());
    return linear_combination({{1.0 + step * epsilon.latents, latents},
                               {step * epsilon.output, model_output},
                               {ancestral.up, fresh}});
  }
};

}  // namespace

std::unique_ptr<Sampler> make_euler(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<EulerSampler>(config, choice);
}

std::unique_ptr<Sampler> make_euler_ancestral(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<EulerAncestralSampler>(config, choice);
}

}  // namespace latentdial::detail
