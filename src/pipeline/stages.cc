#include "latentdial/stages.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "diffusion/random.h"
#include "pipeline/state.h"
#include "prompt/lora_tags.h"
#include "task/prompts.h"
#include "tensor/buffer_pool.h"
#include "text/require.h"

namespace latentdial {

using namespace detail;
namespace {

constexpr float kLastTimestep = 999;
constexpr std::int64_t kLongestSide = 8192;

Values to_values(const Tensor& x) {
  return {x.shape(), {x.values().begin(), x.values().end()}};
}

void check_numbers(const char* name, const Values& x) {
  std::int64_t count = 1;
  for (const std::int64_t side : x.shape) count *= side;
  require(static_cast<std::size_t>(count) == x.values.size() && count > 0, name,
          "{} numbers do not fill the shape {}", x.values.size(), x.shape);
  require(std::ranges::all_of(x.values, [](float value) { return std::isfinite(value); }), name,
          "there is a number that is not finite");
}

/// [B,C,h,w] → [B,h,w,C], where the model can take it.
Tensor channels_last(const Values& x, std::int64_t channels) {
  const auto& shape = x.shape;
  require(shape.size() == 4 && shape[1] == channels, "latents",
          "the shape {} is not this model's [B, {}, h, w]", shape, channels);
  check_numbers("latents", x);
  return nchw_to_nhwc(Tensor::of({shape[0], channels, shape[2], shape[3]}, x.values));
}

/// `picture` is the field that has both sides, where there is one.
void check_size(std::int64_t width, std::int64_t height, std::int64_t multiple,
                const char* picture = nullptr) {
  const auto fits = [&](std::int64_t side) {
    return side > 0 && side <= kLongestSide && side % multiple == 0;
  };
  const char* side = fits(width) ? "height" : "width";
  require(fits(width) && fits(height), picture != nullptr ? picture : side,
          "{}x{} is not a size that this model can make; both sides must be multiples of {} up to {}", width,
          height, multiple, kLongestSide);
}

}  // namespace

Values Stages::encode_prompt(const std::string& text, bool plain) const {
  const std::scoped_lock lock(pipeline_->state_->one_at_a_time);
  std::vector<std::string> notices;
  const auto syntax = plain ? PromptSyntax::literal : PromptSyntax::a1111;
  const std::string& prompt = plain ? text : constant_prompt("text", text);
  require(plain || read_prompt("text", [&] { return take_lora_tags(text); }).loras.empty(), "text",
          "<lora:…> adds a LoRA to whole pictures, and is no text");
  Session& session = pipeline_->state_->session;
  const Tensor states = session.encode(prompt, syntax, notices).condition.tokens;
  return {{states.dim(-2), states.dim(-1)}, {states.values().begin(), states.values().end()}};
}

Values Stages::noise(std::uint64_t seed, int width, int height) const {
  const auto& vae = pipeline_->state_->session.model->vae_config;
  const std::int64_t scale = vae.downscale();
  check_size(width, height, scale);
  return to_values(TorchGenerator(seed).randn({1, vae.latent_channels, height / scale, width / scale}));
}

Values Stages::unet(const Values& latents, float timestep, const Values& text_states) const {
  const Model& model = *pipeline_->state_->session.model;
  require(
      model.info.upscales_by == 0, "model",
      "the U-Net of {}, which upscales pictures, is told a noise level too, for which there is no place here",
      model.info.name);
  require(model.unet.config().pooled_text_dim == 0, "model",
          "the U-Net of {} is told a prompt's summary and sizes too, for which there is no place here",
          model.info.name);
  require(!model.pictures, "model",
          "the U-Net of {} is told what a picture shows too, for which there is no place here",
          model.info.name);
  const Tensor x = channels_last(latents, model.unet.config().in_channels);
  const std::int64_t width = model.unet.config().cross_attention_dim;
  const auto& shape = text_states.shape;
  require(shape.size() == 3 && shape[0] == x.dim(0) && shape[2] == width, "text_states",
          "the shape {} is not [{}, tokens, {}], as these latents and this model need", shape, x.dim(0),
          width);
  check_numbers("text_states", text_states);
  require(timestep >= 0 && timestep <= kLastTimestep, "timestep", "{} is out of range, use 0 to {}", timestep,
          kLastTimestep);
  const std::scoped_lock lock(pipeline_->state_->one_at_a_time);
  const auto& ops = *model.denoiser_backend;
  const Tensor tokens = Tensor::of({shape[0], shape[1], shape[2]}, text_states.values);
  const auto text = model.unet.project_tokens(ops.to_device(tokens));
  const auto time = model.unet.project_times(std::vector{timestep}).front();
  Values result = to_values(nhwc_to_nchw(ops.to_host(model.unet(ops.to_device(x), time, text))));
  release_idle_buffers();
  return result;
}

Image Stages::decode(const Values& latents) const {
  const Model& model = *pipeline_->state_->session.model;
  const Tensor x = channels_last(latents, model.vae_config.latent_channels);
  require(x.dim(0) == 1, "latents", "{} pictures are given; decode one at a time", x.dim(0));
  const std::scoped_lock lock(pipeline_->state_->one_at_a_time);
  return model.picture_of(x);
}

Values Stages::encode(const Image& image) const {
  const Model& model = *pipeline_->state_->session.model;
  check_size(image.width, image.height, model.vae_config.downscale(), "image");
  const std::scoped_lock lock(pipeline_->state_->one_at_a_time);
  return to_values(nhwc_to_nchw(model.latents_of(image)));
}

}  // namespace latentdial
