#pragma once

#include "diffusion/sigma_sampler.h"

namespace latentdial::detail {

/// What samplers share that evaluate the model twice a step: at its beginning, from which the first stage
/// leads to latents on the way, and there, from which the second leads from the beginning to the end. The
/// step to σ = 0 is Euler's alone, x̂_0. Betas that the file does not give are as diffusers' classes have
/// them: linear from 0.00085 to 0.012.
class TwoStageSampler : public SigmaSampler {
 protected:
  /// σ of a step's second evaluation; null: it is at the step's end.
  using Middle = double(double from, double to);
  TwoStageSampler(const NoiseSchedule& config, const SamplerChoice& choice, Middle* middle);

  /// Of one step: where it begins, where its second evaluation is, where it ends.
  struct Step {
    double from, middle, to;
    const Tensor& begun;  ///< The latents that it began with.
  };
  /// The latents on the way, from x̂_0 of the first evaluation: towards that until the noise is the middle's.
  [[nodiscard]] virtual Tensor first_stage(const Step& step, const Tensor& x0, const NoiseSource& noise);
  /// The latents after the step, from x̂_0 of the second, which was of the latents `halfway`.
  [[nodiscard]] virtual Tensor second_stage(const Step& step, const Tensor& halfway, const Tensor& x0,
                                            const NoiseSource& noise) = 0;
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents, const NoiseSource& noise) final;

  /// A middle: of ln σ.
  [[nodiscard]] static double geometric_mean(double from, double to);
  /// `to`/`from` of x and the rest of x̂_0: towards x̂_0 until the noise is `to`.
  [[nodiscard]] static Tensor towards(const Tensor& x0, double from, double to, const Tensor& x);
  /// From a step's beginning to the noise `to`: towards x̂_0 down to σ_down, and back up with unit noise.
  [[nodiscard]] static Tensor renoised(const Step& step, double to, const Tensor& x0, const Tensor& noise);

 private:
  Tensor begun_;
};

}  // namespace latentdial::detail
