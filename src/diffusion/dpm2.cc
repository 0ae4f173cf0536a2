#include <cmath>

#include "diffusion/samplers.h"
#include "diffusion/two_stage_sampler.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// The geometric mean of a step's beginning and of where it goes before new noise leads back up: to²/from.
double ancestral_middle(double /*from*/, double to) {
  return to;
}

/// diffusers asks DPM2 at whole timesteps where steps begin, with Karras sigmas.
void round_steps(std::vector<float>& timesteps) {
  for (std::size_t i = 0; i < timesteps.size(); i += 2) timesteps[i] = std::nearbyint(timesteps[i]);
}

/// DPM-Solver-2 as k-diffusion has it (Lu et al. 2022, arXiv 2206.00927, algorithm 1; Karras et al. 2022,
/// arXiv 2206.00364): the slope of the whole step is that at its middle in ln σ.
class Dpm2Sampler final : public TwoStageSampler {
 public:
  Dpm2Sampler(const NoiseSchedule& config, const SamplerChoice& choice)
      : TwoStageSampler(config, choice, geometric_mean) {
    if (choice.scheduler == "karras") round_steps(timesteps_);
  }

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<Dpm2Sampler>(*this);
  }

 protected:
  // x + (σ' − σ)(x_m − x̂_0)/σ_m.
  Tensor second_stage(const Step& step, const Tensor& halfway, const Tensor& x0,
                      const NoiseSource&) override {
    const double slope = (step.to - step.from) / step.middle;
    return linear_combination({{1.0, step.begun}, {slope, halfway}, {-slope, x0}});
  }
};

/// The same down to σ_down, and back up with fresh noise.
class Dpm2AncestralSampler final : public TwoStageSampler {
 public:
  Dpm2AncestralSampler(const NoiseSchedule& config, const SamplerChoice& choice)
      : TwoStageSampler(config, choice, ancestral_middle) {
    if (choice.scheduler == "karras") round_steps(timesteps_);
  }

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<Dpm2AncestralSampler>(*this);
  }

 protected:
  Tensor second_stage(const Step& step, const Tensor& halfway, const Tensor& x0,
                      const NoiseSource& noise) override {
    const AncestralStep ancestral(step.from, step.to);
    const double slope = (ancestral.down - step.from) / step.middle;
    return linear_combination(
        {{1.0, step.begun}, {slope, halfway}, {-slope, x0}, {ancestral.up, drawn(noise, halfway.shape())}});
  }
};

/// DPM-Solver++(2S) (Lu et al. 2022, arXiv 2211.01095, algorithm 1 with r = 1/2) down to σ_down, and back up
/// with fresh noise.
class Dpm2sAncestralSampler final : public TwoStageSampler {
 public:
  Dpm2sAncestralSampler(const NoiseSchedule& config, const SamplerChoice& choice)
      : TwoStageSampler(config, choice, ancestral_middle) {}

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<Dpm2sAncestralSampler>(*this);
  }

 protected:
  Tensor second_stage(const Step& step, const Tensor& halfway, const Tensor& x0,
                      const NoiseSource& noise) override {
    return renoised(step, step.to, x0, drawn(noise, halfway.shape()));
  }
};

}  // namespace

std::unique_ptr<Sampler> make_dpm2(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<Dpm2Sampler>(config, choice);
}

std::unique_ptr<Sampler> make_dpm2_ancestral(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<Dpm2AncestralSampler>(config, choice);
}

std::unique_ptr<Sampler> make_dpm_2s_ancestral(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<Dpm2sAncestralSampler>(config, choice);
}

}  // namespace latentdial::detail
