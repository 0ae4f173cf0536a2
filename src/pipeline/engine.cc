#include "pipeline/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "dial/method.h"
#include "dial/slerp.h"
#include "latentdial/error.h"
#include "pipeline/embedded_model.h"
#include "pipeline/model_info.h"
#include "pipeline/pixels.h"
#include "prompt/standard_vocabulary.h"

namespace latentdial {
namespace {

constexpr std::size_t kMostEncodedPrompts = 64;

ops::BackendOptions backend_options(const EngineOptions& options) {
  if (options.threads < 0 || options.threads > 1024) {
    throw invalid_input(
        fmt::format("--threads: {} is out of range, use 1 to 1024 (0: all cores)", options.threads));
  }
  if (!options.dtype.empty() && options.dtype != "f32" && options.dtype != "bf16" &&
      options.dtype != "int8") {
    throw invalid_input(fmt::format("--dtype: \"{}\" is unknown; use f32, bf16 or int8", options.dtype));
  }
  const DType dtype = options.dtype.empty()    ? ops::fastest_cpu_dtype()
                      : options.dtype == "f32" ? DType::f32
                                               : DType::bf16;
  return {.dtype = dtype, .threads = options.threads};
}

/// The U-Net's: it alone computes in 8 bits, since it is called at every step.
ops::BackendOptions unet_options(const EngineOptions& options) {
  auto result = backend_options(options);
  result.int8 = options.dtype == "int8";
  return result;
}

std::unique_ptr<ops::Backend> make_backend(const ops::BackendOptions& options,
                                           const std::shared_ptr<ops::Profile>& profile) {
  auto backend = ops::make_cpu_backend(options);
  return profile ? ops::make_profiled_backend(std::move(backend), profile) : std::move(backend);
}

Tokenizer load_tokenizer(const Checkpoint& checkpoint, const models::TextConfig& text) {
  if (!checkpoint.tokenizer_dir.empty()) return Tokenizer::from_folder(checkpoint.tokenizer_dir);
  // SD 2's OpenCLIP encoder was trained with "!", id 0, as padding.
  const bool open_clip = text.hidden_act == ops::Activation::gelu;
  return Tokenizer::standard_clip(find_standard_vocabulary(), open_clip ? "!" : "<|endoftext|>");
}

void check_widths(const models::ClipText& text, const models::UNet& unet,
                  const models::AutoencoderConfig& vae) {
  if (text.config().hidden_size != unet.config().cross_attention_dim) {
    throw invalid_input(fmt::format(
        "model: the text encoder is {} wide, but the U-Net takes {}; the two do not belong together",
        text.config().hidden_size, unet.config().cross_attention_dim));
  }
  if (unet.config().in_channels != vae.latent_channels || unet.config().out_channels != vae.latent_channels) {
    throw invalid_input(
        fmt::format("model: the U-Net has {} input and {} output channels, but the autoencoder {} latent "
                    "ones; inpainting and "
                    "depth models are not supported",
                    unet.config().in_channels, unet.config().out_channels, vae.latent_channels));
  }
}

}  // namespace

std::string describe_device(const EngineOptions& options) {
  return ops::make_cpu_backend(unet_options(options))->description();
}

Pipeline::Engine::Engine(const EngineOptions& options)
    : Engine(options, open_checkpoint(options.model.empty() ? find_embedded_model()
                                                            : std::filesystem::path(options.model))) {}

Pipeline::Engine::Engine(const EngineOptions& options, const Checkpoint& checkpoint)
    : profile(options.profile ? std::make_shared<ops::Profile>() : nullptr),
      backend(make_backend(backend_options(options), profile)),
      unet_backend(make_backend(unet_options(options), profile)),
      info(describe(checkpoint)),
      schedule(ScheduleConfig::from_json(checkpoint.scheduler_config)),
      tokenizer(load_tokenizer(checkpoint, models::TextConfig::from_json(checkpoint.text_encoder.config))),
      text_encoder({checkpoint.text_encoder.weights, backend.get()},
                   models::TextConfig::from_json(checkpoint.text_encoder.config)),
      unet({checkpoint.unet.weights, unet_backend.get()},
           models::UNetConfig::from_json(checkpoint.unet.config)),
      guided_unet(unet, *unet_backend),
      vae_config(models::AutoencoderConfig::from_json(checkpoint.vae.config)),
      encoder({checkpoint.vae.weights, backend.get()}, vae_config),
      decoder({checkpoint.vae.weights, backend.get()}, vae_config) {
  check_widths(text_encoder, unet, vae_config);
  info.device = unet_backend->description();
  for (const auto* component : {&checkpoint.text_encoder, &checkpoint.unet, &checkpoint.vae}) {
    for (auto& name : component->weights.unused()) info.unused_tensors.push_back(std::move(name));
  }
}

Tensor Pipeline::Engine::encode_prompt(const std::string& text, std::vector<std::string>& notices) const {
  auto known = std::find_if(encoded_.begin(), encoded_.end(),
                            [&](const EncodedPrompt& prompt) { return prompt.text == text; });
  if (known == encoded_.end()) {
    const auto window =
        std::min<std::int64_t>(tokenizer.max_length(), text_encoder.config().max_position_embeddings);
    const Encoding encoding = tokenizer.encode(text, window);
    EncodedPrompt prompt{text, backend->to_host(text_encoder(encoding.ids)), ""};
    if (!encoding.dropped_text.empty()) {
      prompt.notice = fmt::format("the prompt is longer than this model's {} tokens; dropped: \"{}\"",
                                  window - 2, encoding.dropped_text);
    }
    if (encoded_.size() == kMostEncodedPrompts) encoded_.pop_front();
    known = encoded_.insert(encoded_.end(), std::move(prompt));
  }
  if (!known->notice.empty()) notices.push_back(known->notice);
  return known->states;
}

Conditioning Pipeline::Engine::condition(const Settings& s, std::vector<std::string>& notices) const {
  const auto encode = [&](const std::string& text) { return encode_prompt(text, notices); };
  DialEncoding dialled{encode(s.prompt), {}};
  if (!s.style.empty()) {
    dialled = find_dial_method(s.method).encode(
        {.prompt = s.prompt, .style = s.style, .position = s.position, .per_token = s.per_token}, encode);
  }
  const auto towards = [&](Tensor& states, const std::string& prompt) {
    const Tensor to = encode(prompt);
    states = s.per_token ? slerp_per_token(states, to, s.theta) : slerp(states, to, s.theta);
  };
  if (!s.to_prompt.empty()) {
    towards(dialled.states, s.to_prompt);
    if (dialled.styled_states.defined()) towards(dialled.styled_states, s.to_prompt + ", " + s.style);
  }
  StyleGuidance style;
  if (dialled.styled_states.defined()) {
    style = {dialled.styled_states, s.position, {s.style_start, s.style_end}};
  }
  return classifier_free_guidance(dialled.states, encode(s.negative_prompt), s.guidance_scale,
                                  {s.guidance_start, s.guidance_end}, style);
}

Tensor Pipeline::Engine::starting_noise(const Settings& s, TorchGenerator& generator) const {
  const auto scale = vae_config.downscale();
  const Shape shape = {1, s.height / scale, s.width / scale, vae_config.latent_channels};
  Tensor noise = generator.randn_nhwc(shape);
  if (s.to_seed < 0) return noise;
  TorchGenerator other(static_cast<std::uint64_t>(s.to_seed));
  return slerp(noise, other.randn_nhwc(shape), s.theta);
}

Tensor Pipeline::Engine::encode_image(const Settings& s, TorchGenerator& generator) const {
  const auto distribution = encoder(to_pixels(resize_to_fill(read_image(s.image), s.width, s.height)));
  const Tensor noise = generator.randn_nhwc(distribution.mean.shape());
  Tensor latents = distribution.mean.clone();
  for (std::size_t i = 0; i < latents.values().size(); ++i) {
    const float deviation =
        std::exp(0.5f * distribution.log_variance.values()[i]) * vae_config.scaling_factor;
    latents.values()[i] += deviation * noise.values()[i];
  }
  return latents;
}

}  // namespace latentdial
