#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "latentdial/export.h"
#include "latentdial/image.h"
#include "latentdial/pipeline.h"

namespace latentdial {

/// Numbers with a shape, the last dimension densest; `values.size()` is the product of `shape`.
struct Values {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// A pipeline's parts one at a time, for research: what `Pipeline::generate` does between prompt and picture.
/// Latents are as the U-Net sees them (scaled) and laid out as diffusers does, [B, channels, height, width]
/// in latent pixels. Thread-safe; calls run one after the other, with those of the pipeline. Refers to the
/// pipeline, which must stay where it is.
class LATENTDIAL_API Stages {
 public:
  explicit Stages(const Pipeline& pipeline) : pipeline_(&pipeline) {}

  /// What the U-Net sees of a prompt: the text encoder's last states, [T, width], T max_tokens for each
  /// window that it takes, its emphasis applied. With `plain` every character is text, as in diffusers, and
  /// what does not fit one window is dropped. Throws invalid_input for a prompt that changes with the steps
  /// or holds AND.
  [[nodiscard]] Values encode_prompt(const std::string& text, bool plain = false) const;
  /// The starting noise of a picture of `width` × `height` pixels, [1, C, h, w]: torch's CPU randn. Throws
  /// invalid_input for sides that this model cannot make.
  [[nodiscard]] Values noise(std::uint64_t seed, int width, int height) const;
  /// The U-Net's answer (ε or v, ModelInfo::prediction) to latents [B, C, h, w] at a timestep of 0 to 999 and
  /// text states [B, T, width] → [B, C, h, w]. Throws invalid_input for other shapes, numbers that are not
  /// finite, and a U-Net that is told more (SDXL, an upscaler).
  [[nodiscard]] Values unet(const Values& latents, float timestep, const Values& text_states) const;
  /// The picture of latents [1, C, h, w]. Throws invalid_input.
  [[nodiscard]] Image decode(const Values& latents) const;
  /// The latents of a picture, [1, C, h, w]: the mean of the encoder's distribution. Throws invalid_input for
  /// sides that this model cannot take.
  [[nodiscard]] Values encode(const Image& image) const;

 private:
  const Pipeline* pipeline_;
};

}  // namespace latentdial
