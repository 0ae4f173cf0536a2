#include "models/rrdb_net.h"

#include <fmt/format.h>

#include "models/pixel_shuffle.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail::models {
namespace {

constexpr float kResidualScale = 0.2f;
constexpr ops::Epilogue kLeaky = {.activation = ops::Activation::leaky_relu};

/// A 3×3 convolution whose result is multiplied by `factor`.
ops::PackedWeight scaled_conv(const Scope& scope, std::int64_t in, std::int64_t out, float factor) {
  return scope.ops->prepare_conv2d(scaled(scope.weights.load("weight", {out, in, 3, 3}).clone(), factor),
                                   scaled(scope.weights.load("bias", {out}).clone(), factor),
                                   {.stride = 1, .pad_before = 1, .pad_after = 1}, scope.precision);
}

}  // namespace

DenseBlock::DenseBlock(const Scope& scope, const UpscalerConfig& c)
    : ops_(scope.ops),
      conv5_(scaled_conv(scope / "conv5", c.channels + 4 * c.growth, c.channels, kResidualScale)) {
  for (std::int64_t i = 0; i < 4; ++i)
    convs_.emplace_back(scope / fmt::format("conv{}", i + 1), c.channels + i * c.growth, c.growth, 3);
}

Tensor DenseBlock::operator()(const Tensor& x) const {
  Tensor seen = x;
  for (const Conv2d& conv : convs_) seen = ops_->concat_channels(seen, conv(seen, kLeaky));
  return ops_->conv2d(seen, conv5_, {.residual = &x});
}

ResidualDenseBlock::ResidualDenseBlock(const Scope& scope, const UpscalerConfig& config) : ops_(scope.ops) {
  for (int i = 1; i <= 3; ++i) blocks_.emplace_back(scope / fmt::format("rdb{}", i), config);
}

Tensor ResidualDenseBlock::operator()(const Tensor& x) const {
  Tensor h = x;
  for (const DenseBlock& block : blocks_) h = block(h);
  return ops_->mix(x, ops_->add(x, h), kResidualScale);  // x + 0.2·((x + h) − x)
}

RrdbNet::RrdbNet(const Scope& scope, const UpscalerConfig& c)
    : ops_(scope.ops),
      unshuffle_(c.unshuffle),
      conv_first_(scope / "conv_first", kColours * c.unshuffle * c.unshuffle, c.channels, 3),
      conv_body_(scope / "conv_body", c.channels, c.channels, 3),
      conv_hr_(scope / "conv_hr", c.channels, c.channels, 3),
      conv_last_(scope / "conv_last", c.channels, kColours, 3) {
  for (std::int64_t i = 0; i < c.blocks; ++i) body_.emplace_back(scope / fmt::format("body.{}", i), c);
  for (std::int64_t factor = 2; factor <= c.upsampling; factor *= 2)
    conv_up_.emplace_back(scope / fmt::format("conv_up{}", conv_up_.size() + 1), c.channels, c.channels, 3);
}

Tensor RrdbNet::operator()(const Tensor& pixels) const {
  const Tensor first = conv_first_(ops_->to_device(pixel_unshuffle(pixels, unshuffle_)));
  Tensor h = first;
  for (const ResidualDenseBlock& block : body_) h = block(h);
  h = conv_body_(h, {.residual = &first});
  for (const Conv2d& conv : conv_up_)
    h = conv(ops_->upsample_nearest2x(h, 2 * h.dim(1), 2 * h.dim(2)), kLeaky);
  return ops_->to_host(conv_last_(conv_hr_(h, kLeaky)));
}

}  // namespace latentdial::detail::models
