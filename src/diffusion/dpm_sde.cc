#include <cmath>

#include "diffusion/samplers.h"
#include "diffusion/two_stage_sampler.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// "DPM++ SDE" of k-diffusion: DPM-Solver++(2S) (Lu et al. 2022, arXiv 2211.01095, algorithm 1 with r = 1/2)
/// whose two stages go down to their σ_down, and up again with noise. The noise is a path of Brownian motion
/// in σ, the same for both stages of a step: its part up to the middle is the first one's.
class DpmSdeSampler final : public TwoStageSampler {
 public:
  DpmSdeSampler(const NoiseSchedule& config, const SamplerChoice& choice)
      : TwoStageSampler(config, choice, geometric_mean) {}

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<DpmSdeSampler>(*this);
  }

 protected:
  Tensor first_stage(const Step& step, const Tensor& x0, const NoiseSource& noise) override {
    first_noise_ = drawn(noise, x0.shape());
    return renoised(step, step.middle, x0, first_noise_);
  }

  // The path's increments on [σ_m, σ] and [σ', σ_m] are z √(σ − σ_m) and z' √(σ_m − σ'); over the whole step
  // the noise is their sum over √(σ − σ').
  Tensor second_stage(const Step& step, const Tensor& /*halfway*/, const Tensor& x0,
                      const NoiseSource& noise) override {
    const double whole = step.from - step.to;
    const Tensor path =
        linear_combination({{std::sqrt((step.from - step.middle) / whole), first_noise_},
                            {std::sqrt((step.middle - step.to) / whole), drawn(noise, x0.shape())}});
    return renoised(step, step.to, x0, path);
  }

 private:
  Tensor first_noise_;
};

}  // namespace

std::unique_ptr<Sampler> make_dpm_sde(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<DpmSdeSampler>(config, choice);
}

}  // namespace latentdial::detail
