#pragma once

#include <vector>

#include "latentdial/image.h"
#include "model/model.h"
#include "tensor/tiles.h"

/// The autoencoder on what is large: tile by tile, so that memory does not grow with it. `tiles` are of the
/// latents, and a picture is the mean of theirs; where there are none it is seen whole.
namespace latentdial::detail {

/// The picture [1,H,W,3] in latents [1,h,w,C].
[[nodiscard]] Tensor encoded(const Model& model, const Tensor& picture, const std::vector<Tile>& tiles);

/// Latents as pixels [1,H,W,3].
[[nodiscard]] Tensor decoded(const Model& model, const Tensor& latents, const std::vector<Tile>& tiles);

/// Latents as a picture.
[[nodiscard]] Image picture_of(const Model& model, const Tensor& latents, const std::vector<Tile>& tiles);

}  // namespace latentdial::detail
