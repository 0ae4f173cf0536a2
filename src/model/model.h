#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "diffusion/schedule.h"
#include "latentdial/dial.h"
#include "latentdial/pipeline.h"
#include "model/learnt_embeddings.h"
#include "model/picture_reader.h"
#include "model/text_reader.h"
#include "models/autoencoder.h"
#include "models/unet.h"
#include "ops/ops.h"
#include "ops/profile.h"
#include "prompt/tokenizer.h"
#include "weights/checkpoint.h"

namespace latentdial::detail {

/// Latents [B,h,w,C] as the diffusion leaves them → pixels [B,H,W,3], nominally in [−1, 1], f32 on the host.
using PictureDecoder = std::function<Tensor(const Tensor& latents)>;

/// A loaded checkpoint on its back end. Nothing in it changes after it was loaded, so that several callers
/// share one.
struct Model {
  /// Opens the checkpoint with its LoRAs, and packs all weights. Throws invalid_input.
  [[nodiscard]] static std::shared_ptr<const Model> load(const ModelOptions& options);
  /// `base` is the same model without the LoRAs that prompts add, whose other layers are taken over, and
  /// whose refiner; null: none. `host` is another model that draws the same latents, on whose back ends it
  /// computes and whose autoencoder it has; null: its own.
  Model(const ModelOptions& options, const Checkpoint& checkpoint, const Model* base = nullptr,
        const Model* host = nullptr);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// The pixels [1,H,W,3] of latents [1,h,w,C] as the diffusion leaves them.
  [[nodiscard]] Tensor pixels_of(const Tensor& latents) const;
  /// The same as a picture.
  [[nodiscard]] Image picture_of(const Tensor& latents) const;
  /// What the encoder says of a picture.
  [[nodiscard]] models::Encoder::Distribution encoded(const Image& image) const;
  /// The latents of a picture: the mean of the encoder's distribution, [1,h,w,C].
  [[nodiscard]] Tensor latents_of(const Image& image) const;
  /// The condition with what this model's denoiser is told beside it: that nothing is known of the picture,
  /// nor of one like it, its sizes, how good it looks.
  [[nodiscard]] Condition told(Condition condition) const;

  ModelOptions loaded_by;                                ///< What it was asked for by.
  std::shared_ptr<ops::Profile> profile;                 ///< Null unless asked for.
  std::shared_ptr<const ops::Backend> backend;           ///< Of text encoder and autoencoder.
  std::shared_ptr<const ops::Backend> denoiser_backend;  ///< Differs where the U-Net computes in fewer bits.
  models::PackedLayers packed;                           ///< Of layers without LoRAs, for variants.
  ModelInfo info;
  NoiseSchedule schedule;
  std::vector<Tokenizer> tokenizers;  ///< One for each text encoder.
  LearntEmbeddings learnt;            ///< Of textual inversion.
  TextReader texts;
  models::UNet unet;
  models::AutoencoderConfig vae_config;
  models::Encoder encoder;
  PictureDecoder decode;
  /// What the U-Net is told where all is redrawn, at any place: [1,1,1,1+C]; undefined unless info.inpaints.
  Tensor nothing_known;
  Condition no_negative_prompt;  ///< What stands for an empty one; undefined where it is read like any text.
  std::shared_ptr<const PictureReader> pictures;  ///< Of an unCLIP model; null of others.
  std::vector<float> low_res_alphas;  ///< ᾱ of each level of an upscaler's small picture; else empty.
  std::vector<std::shared_ptr<const Dial>> dials;  ///< Loaded with it.
  std::shared_ptr<const Model> refiner;            ///< Draws the last of the steps; null: this one draws all.
  bool is_embedded = false;
};

}  // namespace latentdial::detail
