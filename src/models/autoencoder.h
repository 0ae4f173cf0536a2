#pragma once

#include <optional>
#include <vector>

#include "models/config.h"
#include "models/resnet.h"

namespace latentdial::detail::models {

/// Resnet, single-head self-attention, resnet at the autoencoder's lowest resolution.
class AutoencoderMiddle {
 public:
  AutoencoderMiddle(const Scope& scope, std::int64_t channels, std::int64_t groups);
  Tensor operator()(const Tensor& x /*[B,H,W,C]*/) const;  // → [B,H,W,C]

 private:
  const ops::Backend* ops_;
  ResnetBlock resnet1_, resnet2_;
  GroupNorm norm_;
  Linear to_q_, to_k_, to_v_, to_out_;
};

/// Resnets at one resolution and the change to the next.
struct AutoencoderLevel {
  std::vector<ResnetBlock> resnets;
  std::optional<Conv2d> resample;
};

/// Latents to pictures: the decoder half of diffusers' AutoencoderKL.
class Decoder {
 public:
  /// `scope` is the vae component.
  Decoder(const Scope& scope, const AutoencoderConfig& config);
  /// latents [B,h,w,latent_channels] as the diffusion leaves them (scaled) → pixels [B,H,W,3], nominally in
  /// [−1, 1].
  Tensor operator()(const Tensor& latents) const;

 private:
  AutoencoderConfig config_;
  const ops::Backend* ops_;
  std::optional<Linear> post_quant_conv_;
  Conv2d conv_in_;
  AutoencoderMiddle middle_;
  std::vector<AutoencoderLevel> levels_;
  GroupNorm norm_out_;
  Conv2d conv_out_;
};

/// Pictures to latents: the encoder half of diffusers' AutoencoderKL.
class Encoder {
 public:
  /// `scope` is the vae component.
  Encoder(const Scope& scope, const AutoencoderConfig& config);
  /// pixels [B,H,W,3] in [−1, 1] → mean of the latent distribution, scaled, and its log-variance: two tensors
  /// [B,h,w,latent_channels], f32 on the host.
  struct Distribution {
    Tensor mean;          ///< Already times scaling_factor.
    Tensor log_variance;  ///< Of the unscaled latents, clamped to [−30, 20].
  };
  Distribution operator()(const Tensor& pixels) const;

 private:
  AutoencoderConfig config_;
  const ops::Backend* ops_;
  Conv2d conv_in_;
  std::vector<AutoencoderLevel> levels_;
  AutoencoderMiddle middle_;
  GroupNorm norm_out_;
  Conv2d conv_out_;
  std::optional<Linear> quant_conv_;
};

}  // namespace latentdial::detail::models
