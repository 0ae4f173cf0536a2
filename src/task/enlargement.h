#pragma once

#include "latentdial/pipeline.h"
#include "latentdial/request.h"

namespace latentdial::detail {

/// What an upscaling model is told: a small picture, and how far that is noised before the model sees it.
struct Enlargement {
  InputImage known;  ///< Of the latents' size, its edge repeated to the right and below up to that.
  int noise_level = 0;
  int width = 0, height = 0;  ///< Pixels of the picture that comes out, without what was repeated.
  bool operator==(const Enlargement&) const = default;
};

/// Throws invalid_input where the settings ask an upscaling model for something else, or another model for
/// what only such a one does.
void check_enlargement(const Settings& settings, const ModelInfo& model);

/// The settings with the model's own values where it upscales; others get their defaults.
[[nodiscard]] Settings with_enlargement(Settings settings, const ModelInfo& model);

/// `small` is the start image, `multiple` what sides of the picture are drawn in.
[[nodiscard]] Enlargement enlargement_of(const Settings& settings, const InputImage& small, int multiple);

}  // namespace latentdial::detail
