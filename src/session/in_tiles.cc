#include "session/in_tiles.h"

#include "model/pixels.h"
#include "tensor/buffer_pool.h"
#include "tensor/stop_scope.h"

namespace latentdial::detail {

Tensor encoded(const Model& model, const Tensor& picture, const std::vector<Tile>& tiles) {
  if (tiles.empty()) return model.encoder(picture).mean;
  const auto scale = model.vae_config.downscale();
  TileMean mean(picture.dim(1) / scale, picture.dim(2) / scale, model.vae_config.latent_channels);
  for (const Tile& tile : tiles) {
    throw_if_stopped(StopScope::current());
    mean.add(tile, model.encoder(cut(picture, tile.times(scale))).mean);
  }
  release_idle_buffers();
  return mean.whole();
}

Tensor decoded(const Model& model, const Tensor& latents, const std::vector<Tile>& tiles) {
  if (tiles.empty()) return model.pixels_of(latents);
  const auto scale = model.vae_config.downscale();
  TileMean mean(latents.dim(1) * scale, latents.dim(2) * scale, 3);
  release_idle_buffers();  // The denoiser's, of other sizes than the decoder's.
  for (const Tile& tile : tiles) {
    throw_if_stopped(StopScope::current());
    mean.add(tile.times(scale), model.pixels_of(cut(latents, tile)));
  }
  release_idle_buffers();
  return mean.whole();
}

Image picture_of(const Model& model, const Tensor& latents, const std::vector<Tile>& tiles) {
  return tiles.empty() ? model.picture_of(latents) : to_image(decoded(model, latents, tiles));
}

}  // namespace latentdial::detail
