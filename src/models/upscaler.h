#pragma once

#include <cstdint>
#include <memory>

#include "models/config.h"
#include "models/layers.h"

namespace latentdial::detail::models {

inline constexpr std::int64_t kColours = 3;  ///< Red, green, blue.

/// A network that enlarges pictures.
class Upscaler {
 public:
  virtual ~Upscaler() = default;
  /// pixels [1,H,W,3] in [0, 1], sides multiples of the config's `unshuffle` → [1, scale·H, scale·W, 3],
  /// nominally in [0, 1]; both f32 on the host.
  [[nodiscard]] virtual Tensor operator()(const Tensor& pixels) const = 0;
};

/// `scope` is what open_upscaler gives.
[[nodiscard]] std::unique_ptr<Upscaler> make_upscaler(const Scope& scope, const UpscalerConfig& config);

}  // namespace latentdial::detail::models
