#pragma once

#include <vector>

#include "models/clip_layer.h"
#include "models/config.h"
#include "models/layers.h"

namespace latentdial::detail::models {

/// CLIP's image encoder (Radford et al. 2021, arXiv 2103.00020), a vision transformer (Dosovitskiy et al.
/// 2021, arXiv 2010.11929): patches and a class token with their positions, then pre-norm layers.
class ClipVision {
 public:
  /// Tensors of `scope` lie under "vision_model", and "visual_projection" beside it.
  ClipVision(const Scope& scope, const VisionConfig& config);

  /// Normalised pixels [1,S,S,3], S the config's image_size → the picture's embedding [1,projection_dim],
  /// f32 on the host: the class token's last state, normed and projected.
  Tensor operator()(const Tensor& pixels) const;

  [[nodiscard]] const VisionConfig& config() const { return config_; }

 private:
  /// The class token and the patches, each with its position: [1,1+N,C].
  [[nodiscard]] Tensor embedded(const Tensor& pixels) const;

  VisionConfig config_;
  const ops::Backend* ops_;
  Tensor class_embedding_;     ///< [1,C]
  Tensor position_embedding_;  ///< [1+N,C]
  Conv2d patch_embedding_;
  LayerNorm first_norm_;
  std::vector<ClipLayer> layers_;
  LayerNorm last_norm_;
  Linear projection_;
};

}  // namespace latentdial::detail::models
