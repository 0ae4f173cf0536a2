#include "models/autoencoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace latentdial::detail::models {
namespace {

constexpr float kEpsilon = 1e-6f;

Tensor as_tokens(const Tensor& x) {
  return x.reshape({x.dim(0), x.dim(1) * x.dim(2), x.dim(3)});
}

std::vector<ResnetBlock> resnets(const Scope& scope, std::int64_t count, std::int64_t in, std::int64_t out,
                                 std::int64_t groups) {
  std::vector<ResnetBlock> blocks;
  for (std::int64_t j = 0; j < count; ++j) {
    blocks.emplace_back(scope / fmt::format("resnets.{}", j), j == 0 ? in : out, out, groups, kEpsilon);
  }
  return blocks;
}

}  // namespace

AutoencoderMiddle::AutoencoderMiddle(const Scope& scope, std::int64_t channels, std::int64_t groups)
    : ops_(scope.ops),
      resnet1_(scope / "resnets.0", channels, channels, groups, kEpsilon),
      resnet2_(scope / "resnets.1", channels, channels, groups, kEpsilon),
      norm_(scope / "attentions.0.group_norm", channels, groups, kEpsilon),
      to_q_(scope / "attentions.0.to_q", channels, channels),
      to_k_(scope / "attentions.0.to_k", channels, channels),
      to_v_(scope / "attentions.0.to_v", channels, channels),
      to_out_(scope / "attentions.0.to_out.0", channels, channels) {}

Tensor AutoencoderMiddle::operator()(const Tensor& x) const {
  const Tensor h = resnet1_(x);
  const Tensor tokens = as_tokens(h);
  const Tensor normed = norm_(tokens);
  const Tensor attended = ops_->attention(to_q_(normed), to_k_(normed), to_v_(normed), /*heads=*/1);
  return resnet2_(to_out_(attended, {.residual = &tokens}).reshape(h.shape()));
}

Decoder::Decoder(const Scope& scope, const AutoencoderConfig& c)
    : config_(c),
      ops_(scope.ops),
      conv_in_(scope / "decoder.conv_in", c.latent_channels, c.block_out_channels.back(), 3),
      middle_(scope / "decoder.mid_block", c.block_out_channels.back(), c.norm_num_groups),
      norm_out_(scope / "decoder.conv_norm_out", c.block_out_channels.front(), c.norm_num_groups, kEpsilon),
      conv_out_(scope / "decoder.conv_out", c.block_out_channels.front(), c.out_channels, 3) {
  if (c.use_post_quant_conv)
    post_quant_conv_.emplace(scope / "post_quant_conv", c.latent_channels, c.latent_channels);
  auto in = c.block_out_channels.back();
  const auto levels = c.block_out_channels.size();
  for (std::size_t i = 0; i < levels; ++i) {
    const auto block = scope / fmt::format("decoder.up_blocks.{}", i);
    const auto out = c.block_out_channels[levels - 1 - i];
    auto& level = levels_.emplace_back();
    level.resnets = resnets(block, c.layers_per_block + 1, in, out, c.norm_num_groups);
    if (i + 1 < levels) level.resample.emplace(block / "upsamplers.0.conv", out, out, 3);
    in = out;
  }
}

Tensor Decoder::operator()(const Tensor& latents) const {
  Tensor unscaled = latents.clone();
  for (auto& value : unscaled.values()) value /= config_.scaling_factor;
  Tensor h = ops_->to_device(unscaled);
  if (post_quant_conv_) h = (*post_quant_conv_)(h);
  h = middle_(conv_in_(h));
  for (const auto& level : levels_) {
    for (const auto& resnet : level.resnets) h = resnet(std::move(h));
    if (!level.resample) continue;
    h = ops_->upsample_nearest2x(h, 2 * h.dim(1), 2 * h.dim(2));
    h = (*level.resample)(h);
  }
  return ops_->to_host(conv_out_(norm_out_(std::move(h), {.activation = ops::Activation::silu})));
}

Encoder::Encoder(const Scope& scope, const AutoencoderConfig& c)
    : config_(c),
      ops_(scope.ops),
      conv_in_(scope / "encoder.conv_in", c.in_channels, c.block_out_channels.front(), 3),
      middle_(scope / "encoder.mid_block", c.block_out_channels.back(), c.norm_num_groups),
      norm_out_(scope / "encoder.conv_norm_out", c.block_out_channels.back(), c.norm_num_groups, kEpsilon),
      conv_out_(scope / "encoder.conv_out", c.block_out_channels.back(), 2 * c.latent_channels, 3) {
  if (c.use_quant_conv)
    quant_conv_.emplace(scope / "quant_conv", 2 * c.latent_channels, 2 * c.latent_channels);
  auto in = c.block_out_channels.front();
  const auto levels = c.block_out_channels.size();
  for (std::size_t i = 0; i < levels; ++i) {
    const auto block = scope / fmt::format("encoder.down_blocks.{}", i);
    const auto out = c.block_out_channels[i];
    auto& level = levels_.emplace_back();
    level.resnets = resnets(block, c.layers_per_block, in, out, c.norm_num_groups);
    // The original pads below and to the right only.
    if (i + 1 < levels) {
      level.resample.emplace(block / "downsamplers.0.conv", out, out, 3,
                             ops::ConvGeometry{.stride = 2, .pad_before = 0, .pad_after = 1});
    }
    in = out;
  }
}

Encoder::Distribution Encoder::operator()(const Tensor& pixels) const {
  Tensor h = conv_in_(ops_->to_device(pixels));
  for (const auto& level : levels_) {
    for (const auto& resnet : level.resnets) h = resnet(std::move(h));
    if (level.resample) h = (*level.resample)(h);
  }
  h = conv_out_(norm_out_(middle_(h), {.activation = ops::Activation::silu}));
  if (quant_conv_) h = (*quant_conv_)(h);

  const Tensor moments = ops_->to_host(h);  // [B,h,w,2·latent_channels]: means, then log-variances.
  const auto channels = config_.latent_channels;
  Distribution result;
  const Shape shape = {h.dim(0), h.dim(1), h.dim(2), channels};
  result.mean = Tensor::empty(shape);
  result.log_variance = Tensor::empty(shape);
  const auto source = moments.values();
  for (std::int64_t i = 0; i < result.mean.count(); ++i) {
    const auto row = (i / channels) * 2 * channels + i % channels;
    result.mean.values()[i] = source[row] * config_.scaling_factor;
    result.log_variance.values()[i] = std::clamp(source[row + channels], -30.0f, 20.0f);
  }
  return result;
}

}  // namespace latentdial::detail::models
