#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "diffusion/random.h"
#include "diffusion/sampler.h"
#include "diffusion/schedule.h"
#include "latentdial/pipeline.h"
#include "models/autoencoder.h"
#include "models/clip_text.h"
#include "models/unet.h"
#include "ops/ops.h"
#include "ops/profile.h"
#include "pipeline/denoise.h"
#include "prompt/tokenizer.h"
#include "weights/checkpoint.h"

namespace latentdial {

/// A loaded checkpoint on its back end, and the stages of making one picture.
struct Pipeline::Engine {
  explicit Engine(const EngineOptions& options);
  Engine(const EngineOptions& options, const Checkpoint& checkpoint);

  /// text → hidden states [1,T,C], f32; adds a line to `notices` when words did not fit.
  [[nodiscard]] Tensor encode_prompt(const std::string& text, std::vector<std::string>& notices) const;
  /// What the settings condition the picture on: a prompt, plain, dialled, or between two, and the guidance.
  [[nodiscard]] Conditioning condition(const Settings& settings, std::vector<std::string>& notices) const;
  /// Starting noise [1,h,w,C]; between two seeds' where asked. Draws from `generator`, the one of
  /// `settings.seed`.
  [[nodiscard]] Tensor starting_noise(const Settings& settings, TorchGenerator& generator) const;
  /// The start picture's latents [1,h,w,C], sampled from the encoder's distribution with `generator`.
  [[nodiscard]] Tensor encode_image(const Settings& settings, TorchGenerator& generator) const;

  std::shared_ptr<ops::Profile> profile;       ///< Null unless asked for.
  std::unique_ptr<ops::Backend> backend;       ///< Of text encoder and autoencoder.
  std::unique_ptr<ops::Backend> unet_backend;  ///< Differs where the U-Net computes in fewer bits.
  ModelInfo info;
  ScheduleConfig schedule;
  Tokenizer tokenizer;
  models::ClipText text_encoder;
  models::UNet unet;
  GuidedUNet guided_unet;
  models::AutoencoderConfig vae_config;
  models::Encoder encoder;
  models::Decoder decoder;
  std::mutex one_at_a_time;

 private:
  /// A prompt's encoding and what to tell the user about it.
  struct EncodedPrompt {
    std::string text;
    Tensor states;
    std::string notice;
  };
  mutable std::deque<EncodedPrompt> encoded_;  ///< The latest prompts: a sweep asks for the same again.
};

}  // namespace latentdial
