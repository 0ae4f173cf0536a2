#pragma once

#include <vector>

#include "denoise/denoising.h"

namespace latentdial::detail {

/// What a run's latest evaluation was of, and what it said.
struct Evaluated {
  Tensor latents, prediction;
};

/// DING's step (arXiv 2512.18365), of runs whose DDIM step to evaluation `next` is taken, which is not the
/// last; `seen` is what that step was taken by. With signal α and noise σ there, x̂₀ and ε̂ predicted,
/// η = σ(1 − α) and μ = α·x̂₀ + √(σ² − η²)·ε̂, latents become z = μ + η·n: DDIM's stochastic step. Where a
/// place y is known, a second evaluation says the noise ε̂(z), and it becomes
///   (1 − γ)·μ + γ·(α·y + σ·ε̂(z)) + α·σ_y·√γ·n',   γ = η²/(η² + α²σ_y²),   σ_y = 0.01,
/// so that what is known has the noise of what is around it, and not any.
void look_again(PromptedDenoiser& denoiser, std::vector<Denoising>& runs, const std::vector<Evaluated>& seen);

}  // namespace latentdial::detail
