#pragma once

#include <vector>

#include "denoise/prompted_denoiser.h"
#include "diffusion/schedule.h"

namespace latentdial::detail {

/// What a picture is of, whatever its style, as a checkpoint sees it: a vector of length 1.
using SceneFeatures = std::vector<float>;

/// 1 − cosine: 0 for one scene, more for others. Only a comparison with other distances of one checkpoint
/// says how much.
[[nodiscard]] double scene_distance(const SceneFeatures& a, const SceneFeatures& b);

/// What a picture is of (docs/method.md, "The content budget"): its clean latents under the words by which
/// the denoiser is to look at it. Half an evaluation; the noise is the same for all pictures.
[[nodiscard]] SceneFeatures scene_features(PromptedDenoiser& denoiser, const NoiseSchedule& schedule,
                                           const PromptedLatents& picture);

}  // namespace latentdial::detail
