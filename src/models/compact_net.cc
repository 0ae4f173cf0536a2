#include "models/compact_net.h"

#include <fmt/format.h>

#include "models/pixel_shuffle.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail::models {

CompactNet::CompactNet(const Scope& scope, const UpscalerConfig& c)
    : ops_(scope.ops),
      scale_(c.upsampling),
      last_(scope / fmt::format("body.{}", 2 * (c.blocks + 1)), c.channels,
            kColours * c.upsampling * c.upsampling, 3) {
  for (std::int64_t i = 0; i <= c.blocks; ++i) {
    const Scope activation = scope / fmt::format("body.{}", 2 * i + 1);
    layers_.push_back(
        {Conv2d(scope / fmt::format("body.{}", 2 * i), i == 0 ? kColours : c.channels, c.channels, 3),
         ops_->to_device(activation.weights.load("weight", {c.channels}))});
  }
}

Tensor CompactNet::operator()(const Tensor& pixels) const {
  Tensor h = ops_->to_device(pixels);
  for (const Layer& layer : layers_) h = ops_->prelu(layer.conv(h), layer.slopes);
  Tensor large = pixel_shuffle(ops_->to_host(last_(h)), scale_);
  add_scaled(large, 1, repeat_pixels(pixels, scale_));
  return large;
}

}  // namespace latentdial::detail::models
