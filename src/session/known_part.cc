#include "session/known_part.h"

#include <cstddef>
#include <utility>

#include "diffusion/random.h"
#include "model/pixels.h"
#include "session/shown_words.h"
#include "session/start.h"
#include "task/redrawn_part.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// The start image with its redrawn pixels grey.
Tensor without_redrawn(const Image& image, const Tensor& redrawn) {
  Tensor pixels = to_pixels(image);
  for (std::size_t i = 0; i < pixels.values().size(); ++i)
    if (redrawn.values()[i / 3] > 0) pixels.values()[i] = 0;
  return pixels;
}

Tensor describe_known_part(const Session& session, const Content& content) {
  const Model& model = *session.model;
  const Tensor redrawn = named_pixels(redrawn_part(session, content.source).mask->image());
  const auto encoded = model.encoder(without_redrawn(content.source.image->image(), redrawn));
  TorchGenerator generator(content.source.seed);
  if (!starts_from_noise(content.source)) (void)generator.randn_nhwc(encoded.mean.shape());
  (void)generator.randn_nhwc(encoded.mean.shape());
  return beside(most_of_squares(redrawn, static_cast<int>(model.vae_config.downscale())),
                sample_latents(model, encoded, generator));
}

}  // namespace

bool is_told_known_part(const Model& model, const Source& source) {
  return model.info.inpaints && source.part.has_value();
}

Tensor known_part(Session& session, const Content& content) {
  Content key;
  key.sampling = content.sampling;
  key.source = content.source;
  if (session.known_parts.find(key) == nullptr)
    session.known_parts.keep(key, describe_known_part(session, content));
  return *session.known_parts.find(key);
}

}  // namespace latentdial::detail
