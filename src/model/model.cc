#include "model/model.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "latentdial/error.h"
#include "model/dials.h"
#include "model/model_info.h"
#include "model/open_model.h"
#include "model/pixels.h"
#include "models/tiny_decoder.h"
#include "tensor/arithmetic.h"
#include "tensor/buffer_pool.h"
#include "text/require.h"
#include "weights/tiny_decoder_files.h"

namespace latentdial::detail {
namespace {

std::shared_ptr<const ops::Backend> make_backend(const ops::BackendOptions& options,
                                                 const std::shared_ptr<ops::Profile>& profile) {
  auto backend = ops::make_cpu_backend(options);
  return profile ? ops::make_profiled_backend(std::move(backend), profile) : std::move(backend);
}

/// The encoders that read prompts.
std::vector<TextEncoder> load_text_encoders(const Checkpoint& checkpoint,
                                            const std::vector<Tokenizer>& tokenizers,
                                            const LearntEmbeddings& learnt,
                                            const std::function<models::Scope(const Component&)>& scope) {
  const auto unet = models::UNetConfig::from_json(checkpoint.unet.config);
  const auto states = unet.pooled_text_dim > 0 ? models::TextStates::penultimate : models::TextStates::last;
  std::vector<TextEncoder> encoders;
  const auto add = [&](const Component& component) {
    const auto config = models::TextConfig::from_json(component.config);
    const auto& [vectors, words] = learnt.encoders[encoders.size()];
    encoders.push_back(
        {tokenizers[encoders.size()], models::ClipText(scope(component), config, vectors, states), words});
  };
  add(checkpoint.text_encoder);
  if (checkpoint.text_encoder_2) add(*checkpoint.text_encoder_2);
  return encoders;
}

void check_widths(const TextReader& texts, const models::UNet& unet, const models::AutoencoderConfig& vae) {
  const auto width = texts.states_width(), taken = unet.config().cross_attention_dim;
  require(width == taken, "model",
          "the text encoder is {} wide, but the U-Net takes {}; the two do not belong together", width,
          taken);
  const auto summary = texts.summary_width(), pooled = unet.config().pooled_text_dim;
  require(
      summary == pooled, "model",
      "the text encoders sum a text up in {} numbers, but the U-Net takes {}; they do not belong together",
      summary, pooled);
  const auto in = unet.config().in_channels, out = unet.config().out_channels;
  const auto latent = vae.latent_channels;
  const bool has_classes = unet.config().num_class_embeds > 0;
  const bool fits = has_classes ? models::upscales(unet.config(), vae)
                                : in == latent || in == models::inpainting_channels(latent);
  require(fits && out == latent, "model",
          "the U-Net has {} input and {} output channels and {} classes, but the autoencoder {} latent ones; "
          "depth models, and classes but those of an upscaler, are not supported",
          in, out, unet.config().num_class_embeds, latent);
}

/// The channels of Model::nothing_known: the picture is grey where it is redrawn, which is everywhere.
Tensor describe_nothing(const models::Encoder& encoder, const models::AutoencoderConfig& vae) {
  constexpr std::int64_t kLatents = 8;  // To a side: so many that the middle does not see the edge.
  const auto side = kLatents * vae.downscale();
  const Tensor latents = encoder(Tensor::zeros({1, side, side, 3})).mean;
  Tensor channels = Tensor::empty({1, 1, 1, 1 + vae.latent_channels});
  channels.values()[0] = 1;
  const auto middle = (kLatents / 2 * kLatents + kLatents / 2) * vae.latent_channels;
  std::ranges::copy(latents.values().subspan(static_cast<std::size_t>(middle),
                                             static_cast<std::size_t>(vae.latent_channels)),
                    channels.values().begin() + 1);
  return channels;
}

/// A condition that says nothing, in one window.
Condition zeros(const TextReader& texts) {
  Condition nothing(Tensor::zeros({1, texts.window(), texts.states_width()}));
  if (texts.summary_width() > 0) nothing.vector = Tensor::zeros({1, texts.summary_width()});
  return nothing;
}

/// ᾱ of each level that an upscaler's small picture may be noised to.
std::vector<float> low_res_schedule(const Checkpoint& checkpoint) {
  require(checkpoint.low_res_scheduler_config.is_object(), "model",
          "it is an upscaler, but no low_res_scheduler/ in its folder says how its small picture is noised");
  auto alphas = alphas_cumprod(NoiseSchedule::from_json(checkpoint.low_res_scheduler_config));
  require(std::cmp_less(checkpoint.max_noise_level, alphas.size()), "model",
          "noise levels go up to {}, but its low_res_scheduler/ has {}", checkpoint.max_noise_level,
          alphas.size());
  return alphas;
}

std::shared_ptr<const PictureReader> load_pictures(const PictureParts& parts, const Model& model) {
  return std::make_shared<const PictureReader>(
      parts, models::Scope{parts.image_encoder.weights, model.backend.get()},
      model.unet.config().told_picture_dim);
}

/// The decoder of the model's `vae`, or the TAESD at the path `taesd` where that is not empty.
PictureDecoder make_decoder(const std::string& taesd, const models::Scope& vae,
                            const models::AutoencoderConfig& config) {
  if (taesd.empty()) return models::Decoder(vae, config);
  const Component component = open_tiny_decoder(taesd);
  const auto tiny = models::TinyDecoderConfig::from_json(component.config);
  require(tiny.latent_channels == config.latent_channels && tiny.downscale() == config.downscale(), "taesd",
          "{} is for latents of {} channels at 1/{} of the picture's size, but the model's have {} at 1/{}; "
          "another TAESD is needed",
          taesd, tiny.latent_channels, tiny.downscale(), config.latent_channels, config.downscale());
  return models::TinyDecoder({component.weights, vae.ops}, tiny);
}

/// Whether a tensor of the vae component is only for the decoder, which a TAESD replaces.
bool is_of_own_decoder(const std::string& tensor) {
  return tensor.starts_with("decoder.") || tensor.starts_with("post_quant_conv.");
}

/// A base keeps what it packs, and another model takes over what its base kept.
models::Scope scope_of(const Component& component, const ops::Backend& ops, models::PackedLayers& packed,
                       const Model* base) {
  models::Scope scope{component.weights, &ops};
  if (base == nullptr) scope.keep = &packed;
  if (base != nullptr) scope.packed = &base->packed;
  return scope;
}

/// The refiner of these options, which goes on from the model's latents; null where there is none.
std::shared_ptr<const Model> load_refiner(const ModelOptions& options, const Model& model) {
  if (options.refiner.empty()) return nullptr;
  const ModelOptions own = refiner_options(options);
  std::shared_ptr<const Model> refiner;
  try {
    refiner = std::make_shared<const Model>(own, open_model(own), nullptr, &model);
  } catch (const Error& error) {
    throw error.about("refiner");
  }
  for (const Model* one : {&model, refiner.get()})
    require(!one->info.inpaints && one->info.upscales_by == 0 && !one->pictures, "refiner",
            "neither an inpainting model nor an upscaler nor an unCLIP model goes with one; leave it out");
  const auto &latents = model.vae_config, &theirs = refiner->vae_config;
  require(theirs.latent_channels == latents.latent_channels && theirs.downscale() == latents.downscale() &&
              theirs.scaling_factor == latents.scaling_factor,
          "refiner",
          "{} draws other latents than {}, so the one cannot go on from the other; use a refiner "
          "of the model's family",
          refiner->info.name, model.info.name);
  require(refiner->info.prediction == model.info.prediction, "refiner", "{} predicts {}, but {} {}",
          refiner->info.name, refiner->info.prediction, model.info.name, model.info.prediction);
  return refiner;
}

}  // namespace

std::shared_ptr<const Model> Model::load(const ModelOptions& options) {
  return std::make_shared<const Model>(options, open_model(options));
}

Model::Model(const ModelOptions& options, const Checkpoint& checkpoint, const Model* base, const Model* host)
    : loaded_by(options),
      profile(base              ? base->profile
              : host            ? host->profile
              : options.profile ? std::make_shared<ops::Profile>()
                                : nullptr),
      backend(base   ? base->backend
              : host ? host->backend
                     : make_backend(backend_options(options), profile)),
      denoiser_backend(base   ? base->denoiser_backend
                       : host ? host->denoiser_backend
                              : make_backend(denoiser_options(options), profile)),
      info(base ? describe_variant(checkpoint, *base) : describe(checkpoint)),
      schedule(schedule_of(checkpoint)),
      tokenizers(load_tokenizers(checkpoint)),
      learnt(load_embeddings(options.embedding, checkpoint, tokenizers)),
      texts(load_text_encoders(checkpoint, tokenizers, learnt,
                               [&](const Component& one) { return scope_of(one, *backend, packed, base); }),
            *backend),
      unet(scope_of(checkpoint.unet, *denoiser_backend, packed, base),
           models::UNetConfig::from_json(checkpoint.unet.config)),
      vae_config(models::AutoencoderConfig::from_json(checkpoint.vae.config)),
      encoder(host ? host->encoder
                   : models::Encoder(scope_of(checkpoint.vae, *backend, packed, base), vae_config)),
      decode(host
                 ? host->decode
                 : make_decoder(options.taesd, scope_of(checkpoint.vae, *backend, packed, base), vae_config)),
      is_embedded(options.model.empty()) {
  check_widths(texts, unet, vae_config);
  if (info.upscales_by > 0) low_res_alphas = low_res_schedule(checkpoint);
  if (checkpoint.pictures) pictures = base ? base->pictures : load_pictures(*checkpoint.pictures, *this);
  if (info.inpaints) nothing_known = base ? base->nothing_known : describe_nothing(encoder, vae_config);
  if (checkpoint.zeros_for_empty_prompt) no_negative_prompt = told(zeros(texts));
  if (base != nullptr) {
    refiner = base->refiner;
    return;  // Dials that were loaded with the base were fitted without the LoRAs.
  }
  refiner = load_refiner(options, *this);
  complete(info, options, checkpoint, tokenizers, learnt, refiner ? &refiner->info : nullptr,
           host == nullptr);
  info.device = denoiser_backend->description();
  dials = read_dials(options.dials, info);
  for (const auto& dial : dials) info.dials.push_back(dial->style);
  for (const auto* component : checkpoint.components()) {
    for (auto& name : component->weights.unused()) info.unused_tensors.push_back(std::move(name));
  }
  if (!options.taesd.empty()) std::erase_if(info.unused_tensors, is_of_own_decoder);
}

Condition Model::told(Condition condition) const {
  condition.channels = nothing_known;
  if (pictures) condition.vector = pictures->nothing();
  if (unet.config().pooled_text_dim == 0) return condition;
  condition.told_scale = vae_config.downscale();
  if (unet.config().told_numbers == models::kToldSizesAndScore) condition.aesthetic_score = kAestheticScore;
  return condition;
}

Tensor Model::pixels_of(const Tensor& latents) const {
  Tensor pixels = decode(latents);
  require_finite(pixels, info.decoder.empty() ? "vae" : info.decoder, "decoding the picture");
  return pixels;
}

Image Model::picture_of(const Tensor& latents) const {
  release_idle_buffers();  // The denoiser's, of other sizes than the decoder's.
  Image image = to_image(pixels_of(latents));
  release_idle_buffers();
  return image;
}

models::Encoder::Distribution Model::encoded(const Image& image) const {
  auto distribution = encoder(to_pixels(image));
  require_finite(distribution.mean, "vae", "encoding the start picture");
  release_idle_buffers();
  return distribution;
}

Tensor Model::latents_of(const Image& image) const {
  return encoded(image).mean;
}

}  // namespace latentdial::detail
