#pragma once

#include <cmath>
#include <functional>

#include "diffusion/sampler.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// A smooth function of the latents and the timestep in place of a U-Net; the Python side has the same
/// formula.
inline Tensor dummy_denoiser(const Tensor& x, float timestep) {
  Tensor output = x.clone();
  for (float& value : output.values()) {
    const auto v = static_cast<double>(value);
    value = static_cast<float>(0.7 * std::sin(1.1 * v + timestep / 300.0) + 0.2 * v);
  }
  return output;
}

/// Runs `sampler` on the dummy denoiser from evaluation `first`; `see` gets the latents after every
/// evaluation.
inline void run_dummy(Sampler& sampler, Tensor latents, int first, const NoiseSource& noise,
                      const std::function<void(const Tensor&)>& see) {
  for (int i = first; i < sampler.evaluations(); ++i) {
    const Tensor output = dummy_denoiser(sampler.scale_model_input(latents, i), sampler.timestep(i));
    latents = sampler.step(output, i, latents, noise);
    see(latents);
  }
}

}  // namespace latentdial::detail
