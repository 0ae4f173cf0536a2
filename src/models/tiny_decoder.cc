#include "models/tiny_decoder.h"

#include <fmt/format.h>

#include <cmath>

namespace latentdial::detail::models {
namespace {

constexpr float kLargestLatent = 3;

}  // namespace

TinyBlock::TinyBlock(const Scope& scope, std::int64_t channels)
    : ops_(scope.ops),
      conv1_(scope / "conv.0", channels, channels, 3),
      conv2_(scope / "conv.2", channels, channels, 3),
      conv3_(scope / "conv.4", channels, channels, 3) {}

Tensor TinyBlock::operator()(const Tensor& x) const {
  constexpr auto kRelu = ops::Activation::relu;
  const Tensor h = conv2_(conv1_(x, {.activation = kRelu}), {.activation = kRelu});
  return ops_->activate(conv3_(h, {.residual = &x}), kRelu);
}

TinyDecoder::TinyDecoder(const Scope& scope, const TinyDecoderConfig& c)
    : ops_(scope.ops), conv_in_(scope / "decoder.layers.0", c.latent_channels, c.channels, 3) {
  // diffusers counts every module, those without weights too: 1 is the ReLU, and each stage but the last has
  // an upsampling before its convolution.
  int layer = 2;
  const auto next = [&] { return scope / fmt::format("decoder.layers.{}", layer++); };
  for (std::size_t i = 0; i < c.blocks.size(); ++i) {
    std::vector<TinyBlock> blocks;
    for (std::int64_t j = 0; j < c.blocks[i]; ++j) blocks.emplace_back(next(), c.channels);
    const bool last = i + 1 == c.blocks.size();
    if (!last) ++layer;
    stages_.push_back({std::move(blocks), Conv2d(next(), c.channels, last ? 3 : c.channels, 3, last)});
  }
}

Tensor TinyDecoder::operator()(const Tensor& latents) const {
  Tensor clamped = latents.clone();
  for (auto& value : clamped.values()) value = std::tanh(value / kLargestLatent) * kLargestLatent;
  Tensor h = conv_in_(ops_->to_device(clamped), {.activation = ops::Activation::relu});
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    for (const TinyBlock& block : stages_[i].blocks) h = block(h);
    if (i + 1 < stages_.size()) h = ops_->upsample_nearest2x(h, 2 * h.dim(1), 2 * h.dim(2));
    h = stages_[i].conv(h);
  }
  Tensor pixels = ops_->to_host(h).clone();
  for (auto& value : pixels.values()) value = value * 2 - 1;
  return pixels;
}

}  // namespace latentdial::detail::models
