#pragma once

#include <optional>

#include "models/layers.h"

namespace latentdial::models {

/// The residual block of U-Net and autoencoder: two normalised 3×3 convolutions beside a shortcut.
class ResnetBlock {
 public:
  /// `time_channels` is the width of the time embedding; 0 where there is none (the autoencoder).
  ResnetBlock(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t groups, float epsilon,
              std::int64_t time_channels = 0);

  /// x [B,H,W,in], time [B, time_channels] already through SiLU (undefined where there is none) →
  /// [B,H,W,out].
  Tensor operator()(const Tensor& x, const Tensor& time = {}) const;

 private:
  GroupNorm norm1_, norm2_;
  Conv2d conv1_, conv2_;
  std::optional<Linear> time_projection_;
  std::optional<Conv2d> shortcut_;
};

}  // namespace latentdial::models
