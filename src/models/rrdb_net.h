#pragma once

#include <vector>

#include "models/layers.h"
#include "models/upscaler.h"

namespace latentdial::detail::models {

/// Five convolutions, each of which sees the input and what all before it made: x + 0.2·conv5(…).
class DenseBlock {
 public:
  DenseBlock(const Scope& scope, const UpscalerConfig& config);
  Tensor operator()(const Tensor& x /*[B,H,W,C]*/) const;  // → [B,H,W,C]

 private:
  const ops::Backend* ops_;
  std::vector<Conv2d> convs_;  ///< conv1 to conv4.
  ops::PackedWeight conv5_;    ///< Times 0.2.
};

/// Residual in residual dense block: x + 0.2·(three dense blocks)(x).
class ResidualDenseBlock {
 public:
  ResidualDenseBlock(const Scope& scope, const UpscalerConfig& config);
  Tensor operator()(const Tensor& x /*[B,H,W,C]*/) const;  // → [B,H,W,C]

 private:
  const ops::Backend* ops_;
  std::vector<DenseBlock> blocks_;
};

/// ESRGAN's generator.
class RrdbNet final : public Upscaler {
 public:
  RrdbNet(const Scope& scope, const UpscalerConfig& config);
  [[nodiscard]] Tensor operator()(const Tensor& pixels) const override;

 private:
  const ops::Backend* ops_;
  std::int64_t unshuffle_;
  Conv2d conv_first_;
  std::vector<ResidualDenseBlock> body_;
  Conv2d conv_body_;
  std::vector<Conv2d> conv_up_;
  Conv2d conv_hr_, conv_last_;
};

}  // namespace latentdial::detail::models
