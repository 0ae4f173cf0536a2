#include "model/model.h"

#include <fmt/format.h>

#include <utility>

#include "latentdial/error.h"
#include "model/fingerprint.h"
#include "model/load_tokenizer.h"
#include "model/model_info.h"
#include "model/options.h"
#include "model/pixels.h"
#include "ops/cpu_backend.h"
#include "tensor/buffer_pool.h"

namespace latentdial::detail {
namespace {

std::unique_ptr<ops::Backend> make_backend(const ops::BackendOptions& options,
                                           const std::shared_ptr<ops::Profile>& profile) {
  auto backend = ops::make_cpu_backend(options);
  return profile ? ops::make_profiled_backend(std::move(backend), profile) : std::move(backend);
}

void check_widths(const models::ClipText& text, const models::UNet& unet,
                  const models::AutoencoderConfig& vae) {
  if (text.config().hidden_size != unet.config().cross_attention_dim) {
    throw invalid_input(
        "model",
        fmt::format("the text encoder is {} wide, but the U-Net takes {}; the two do not belong together",
                    text.config().hidden_size, unet.config().cross_attention_dim));
  }
  if (unet.config().in_channels != vae.latent_channels || unet.config().out_channels != vae.latent_channels) {
    throw invalid_input(
        "model", fmt::format("the U-Net has {} input and {} output channels, but the autoencoder {} latent "
                             "ones; inpainting and "
                             "depth models are not supported",
                             unet.config().in_channels, unet.config().out_channels, vae.latent_channels));
  }
}

}  // namespace

std::shared_ptr<const Model> Model::load(const ModelOptions& options) {
  return std::make_shared<const Model>(options, open_model(options));
}

Model::Model(const ModelOptions& options, const Checkpoint& checkpoint)
    : profile(options.profile ? std::make_shared<ops::Profile>() : nullptr),
      backend(make_backend(backend_options(options), profile)),
      denoiser_backend(make_backend(denoiser_options(options), profile)),
      info(describe(checkpoint)),
      schedule(NoiseSchedule::from_json(checkpoint.scheduler_config)),
      tokenizer(load_tokenizer(checkpoint)),
      learnt(load_embeddings(options.embedding, tokenizer,
                             models::TextConfig::from_json(checkpoint.text_encoder.config))),
      text_encoder({checkpoint.text_encoder.weights, backend.get()},
                   models::TextConfig::from_json(checkpoint.text_encoder.config), learnt.vectors),
      texts(tokenizer, text_encoder, *backend, learnt.words),
      unet({checkpoint.unet.weights, denoiser_backend.get()},
           models::UNetConfig::from_json(checkpoint.unet.config)),
      vae_config(models::AutoencoderConfig::from_json(checkpoint.vae.config)),
      encoder({checkpoint.vae.weights, backend.get()}, vae_config),
      decode(make_decoder(options.taesd, {checkpoint.vae.weights, backend.get()}, vae_config)) {
  check_widths(text_encoder, unet, vae_config);
  add_embeddings(info, learnt);
  info.device = denoiser_backend->description();
  info.fingerprint = fingerprint_of(checkpoint, tokenizer);
  info.hash = model_hash(info.fingerprint, learnt, options.taesd);
  for (const auto* component : {&checkpoint.text_encoder, &checkpoint.unet, &checkpoint.vae}) {
    for (auto& name : component->weights.unused()) info.unused_tensors.push_back(std::move(name));
  }
  if (!options.taesd.empty()) {
    info.decoder = "TAESD";
    std::erase_if(info.unused_tensors, is_of_own_decoder);
  }
}

Image Model::picture_of(const Tensor& latents) const {
  release_idle_buffers();  // The denoiser's, of other sizes than the decoder's.
  Image image = to_image(decode(latents));
  release_idle_buffers();
  return image;
}

Tensor Model::latents_of(const Image& image) const {
  Tensor latents = encoder(to_pixels(image)).mean;
  release_idle_buffers();
  return latents;
}

}  // namespace latentdial::detail
