#pragma once

#include <vector>

#include "models/layers.h"
#include "models/upscaler.h"

namespace latentdial::detail::models {

/// Real-ESRGAN's SRVGGNetCompact: a chain of convolutions on the small picture, whose last one makes all
/// pixels that each pixel becomes; what it makes is added to the picture with its pixels repeated.
class CompactNet final : public Upscaler {
 public:
  CompactNet(const Scope& scope, const UpscalerConfig& config);
  [[nodiscard]] Tensor operator()(const Tensor& pixels) const override;

 private:
  struct Layer {
    Conv2d conv;
    Tensor slopes;  ///< [C], of the PReLU behind it, on the device.
  };

  const ops::Backend* ops_;
  std::int64_t scale_;
  std::vector<Layer> layers_;
  Conv2d last_;
};

}  // namespace latentdial::detail::models
