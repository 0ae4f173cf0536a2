#pragma once

#include <optional>

#include "models/layers.h"

namespace latentdial::detail::models {

/// The residual block of U-Net and autoencoder: two normalised 3×3 convolutions beside a shortcut.
class ResnetBlock {
 public:
  /// `time_channels` is the width of the time embedding; 0 where there is none (the autoencoder).
  ResnetBlock(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t groups, float epsilon,
              std::int64_t time_channels = 0);

  /// The time embedding [S, time_channels], already through SiLU, as the block adds it: [S, out].
  [[nodiscard]] Tensor project_time(const Tensor& embedding) const;

  /// x [B,H,W,in], time [1,out] or [B,out] from project_time (null where there is none) → [B,H,W,out]. Needs
  /// less memory where x is handed over.
  Tensor operator()(Tensor x, const Tensor* time = nullptr) const;

 private:
  GroupNorm norm1_, norm2_;
  Conv2d conv1_, conv2_;
  std::optional<Linear> time_projection_;
  std::optional<Conv2d> shortcut_;
};

}  // namespace latentdial::detail::models
