#pragma once

#include <vector>

#include "models/config.h"
#include "models/layers.h"

namespace latentdial::detail::models {

/// Three convolutions beside a shortcut: relu(conv(relu(conv(relu(conv(x))))) + x).
class TinyBlock {
 public:
  TinyBlock(const Scope& scope, std::int64_t channels);
  Tensor operator()(const Tensor& x /*[B,H,W,C]*/) const;  // → [B,H,W,C]

 private:
  const ops::Backend* ops_;
  Conv2d conv1_, conv2_, conv3_;
};

/// Blocks at one resolution, and the convolution behind them: after the upsampling to the next resolution,
/// the last one to the picture.
struct TinyStage {
  std::vector<TinyBlock> blocks;
  Conv2d conv;
};

/// Latents to pictures in a fraction of the time: the decoder half of diffusers' AutoencoderTiny, Bohan's
/// TAESD (github.com/madebyollin/taesd).
class TinyDecoder {
 public:
  /// `scope` is what open_tiny_decoder gives.
  TinyDecoder(const Scope& scope, const TinyDecoderConfig& config);
  /// latents [B,h,w,latent_channels] as the diffusion leaves them (scaled) → pixels [B,H,W,3], nominally in
  /// [−1, 1], f32 on the host.
  Tensor operator()(const Tensor& latents) const;

 private:
  const ops::Backend* ops_;
  Conv2d conv_in_;
  std::vector<TinyStage> stages_;
};

}  // namespace latentdial::detail::models
