#include "diffusion/samplers.h"
#include "diffusion/two_stage_sampler.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// Heun's method (Karras et al. 2022, arXiv 2206.00364, algorithm 1): Euler's step, then again with the mean
/// of the slopes at its beginning and at its end.
class HeunSampler final : public TwoStageSampler {
 public:
  HeunSampler(const NoiseSchedule& config, const SamplerChoice& choice)
      : TwoStageSampler(config, choice, nullptr) {}

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<HeunSampler>(*this);
  }

 protected:
  // d = (x − x̂_0)/σ, x' = x + (σ' − σ) d.
  Tensor first_stage(const Step& step, const Tensor& x0, const NoiseSource&) override {
    slope_ = linear_combination({{1.0 / step.from, step.begun}, {-1.0 / step.from, x0}});
    return towards(x0, step.from, step.to, step.begun);
  }

  // d' = (x' − x̂_0')/σ', and from the beginning x + (σ' − σ)(d + d')/2.
  Tensor second_stage(const Step& step, const Tensor& halfway, const Tensor& x0,
                      const NoiseSource&) override {
    const double half = (step.to - step.from) / 2.0;
    return linear_combination(
        {{1.0, step.begun}, {half, slope_}, {half / step.to, halfway}, {-half / step.to, x0}});
  }

 private:
  Tensor slope_;
};

}  // namespace

std::unique_ptr<Sampler> make_heun(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<HeunSampler>(config, choice);
}

}  // namespace latentdial::detail
