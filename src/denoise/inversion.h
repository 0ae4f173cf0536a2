#pragma once

#include <stop_token>
#include <vector>

#include "denoise/denoising.h"
#include "denoise/prompted_denoiser.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// A picture as noise, and what a run from there needs to become the picture again.
struct Inversion {
  Tensor start;                     ///< [1,h,w,C], f32, at the noise level of the run's first evaluation.
  std::vector<Tensor> corrections;  ///< As Denoising::corrections; empty when the run has no step to take.
};

/// A picture to be inverted.
struct PictureToInvert {
  Denoising run;     ///< Its own latents, and `next` the evaluation that it is inverted to.
  Condition prompt;  ///< The prompt that describes it.
};

/// Takes pictures back to noise by DDIM read backwards on the prompt alone (Song et al. 2021, arXiv
/// 2010.02502, section 4.3). Guided denoising leaves that path; its distance from it at each step is kept as
/// the correction, so that any sampler, at any guidance scale, comes out at the picture it started from, and
/// a dial adds to it only what it changes (direct inversion: Ju et al. 2023, arXiv 2310.01506). All runs are
/// at the same point of the same schedule, in one batch.
[[nodiscard]] std::vector<Inversion> invert(PromptedDenoiser& denoiser, std::vector<PictureToInvert> pictures,
                                            const OnEvaluation& on_evaluation, const std::stop_token& stop);

/// How often `invert` calls `on_evaluation` for a run of so many evaluations.
[[nodiscard]] int inversion_steps(int evaluations);

}  // namespace latentdial::detail
