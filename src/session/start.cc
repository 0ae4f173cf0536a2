#include "session/start.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "dial/slerp.h"
#include "diffusion/random.h"
#include "model/pixels.h"
#include "session/known_part.h"
#include "session/reference.h"
#include "session/shown_words.h"
#include "session/small_picture.h"
#include "session/stage.h"
#include "task/redrawn_part.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

Denoising start_inverted(const Session& session, const Content& content, Conditioning conditioning) {
  auto sampler = make_sampler(content.sampling, session.model->schedule);
  const int first = first_evaluation(content.source, *sampler);
  const auto ends = inverted_ends(content);
  const Inversion& from = *session.inverted.find(ends.front());
  Denoising run{
      std::move(conditioning), std::move(sampler), TorchGenerator(content.source.seed), from.start, first,
      from.corrections};
  if (ends.size() == 1) return run;
  const Inversion& to = *session.inverted.find(ends.back());
  run.latents = slerp(from.start, to.start, content.to.theta);
  for (std::size_t i = static_cast<std::size_t>(first); i < run.corrections.size(); ++i)
    run.corrections[i] = lerp(from.corrections[i], to.corrections[i], content.to.theta);
  return run;
}

/// A start image in latents, and what of it is known to the end.
struct StartLatents {
  Tensor latents;
  std::optional<KnownPart> known = {};
};

/// What is put back at each step; of an inpainting model, which is told what is known, only where a place is
/// redrawn with less strength.
std::optional<KnownPart> put_back_part(const Model& model, const Tensor& latents, const Tensor& places) {
  if (!model.info.inpaints) return KnownPart{latents, places};
  Tensor strengths = places.clone();
  for (float& strength : strengths.values())
    if (strength == 0) strength = 1;
  if (std::ranges::all_of(strengths.values(), [](float strength) { return strength == 1; })) return {};
  return KnownPart{latents, strengths};
}

/// Of an image of which a part is redrawn: that part is what it is told to begin with.
StartLatents start_redrawn(const Session& session, const Source& source, TorchGenerator& generator) {
  const Model& model = *session.model;
  const Image& image = source.image->image();
  const RedrawnPart part = redrawn_part(session, source);
  const auto encoded = source.strength == 1
                           ? model.encoder(to_pixels(without_redrawn_whole(image, part.mask->image())))
                           : model.encoded(image);
  const Tensor places = redrawn_places(part, static_cast<int>(model.vae_config.downscale()));
  auto known = put_back_part(model, encoded.mean, places);
  if (known) known->twice = part.twice;
  if (starts_from_noise(source)) return {{}, known};
  if (part.fill == "around") {
    const Tensor strengths = redrawn_strengths(part.mask->image(), part.blur);
    const auto filled = model.encoder(to_pixels(filled_from_around(image, strengths)));
    return {sample_latents(model, filled, generator), known};
  }
  Tensor latents = sample_latents(model, encoded, generator);
  if (part.fill == "original") return {latents, known};
  const Tensor noise = generator.randn_nhwc(latents.shape());
  const auto channels = static_cast<std::size_t>(latents.dim(-1));
  for (std::size_t i = 0; i < latents.values().size(); ++i)
    if (places.values()[i / channels] > 0)
      latents.values()[i] = part.fill == "noise" ? noise.values()[i] : 0.0F;
  return {latents, known};
}

/// Empty latents where a picture starts from noise.
StartLatents start_latents(const Session& session, const Source& source, TorchGenerator& generator) {
  const Model& model = *session.model;
  if (source.part) return start_redrawn(session, source, generator);
  if (!source.image) return {};
  return {sample_latents(model, model.encoder(to_pixels(source.image->image())), generator)};
}

}  // namespace

Tensor in_noise(const Sampler& sampler, int first, const Tensor& clean, const Tensor& noise) {
  return first < sampler.evaluations() ? sampler.add_noise(clean, noise, first) : clean;
}

Tensor starting_noise(const Model& model, const Content& content, TorchGenerator& generator) {
  const auto scale = model.vae_config.downscale();
  const Shape shape = {1, content.sampling.height / scale, content.sampling.width / scale,
                       model.vae_config.latent_channels};
  Tensor noise = generator.randn_nhwc(shape);
  if (!content.to.seed) return noise;
  TorchGenerator other(*content.to.seed);
  pass_reference(model, other);
  return slerp(noise, other.randn_nhwc(shape), content.to.theta);
}

Tensor sample_latents(const Model& model, const models::Encoder::Distribution& distribution,
                      TorchGenerator& generator) {
  const Tensor noise = generator.randn_nhwc(distribution.mean.shape());
  Tensor latents = distribution.mean.clone();
  for (std::size_t i = 0; i < latents.values().size(); ++i) {
    const float deviation =
        std::exp(0.5f * distribution.log_variance.values()[i]) * model.vae_config.scaling_factor;
    latents.values()[i] += deviation * noise.values()[i];
  }
  return latents;
}

bool starts_from_noise(const Source& source) {
  return !source.image || (source.part && source.strength == 1);
}

Denoising start(const Session& session, const Content& content, Conditioning conditioning) {
  const Source& source = content.source;
  if (source.inverted) return start_inverted(session, content, std::move(conditioning));
  const Model& model = *session.model;
  auto sampler = make_sampler(content.sampling, model.schedule);
  TorchGenerator generator(source.seed);
  pass_small_picture(source, generator);
  pass_reference(model, generator);
  const auto [original, known] = start_latents(session, source, generator);
  const Tensor noise = starting_noise(model, content, generator);
  const int first = first_evaluation(source, *sampler);
  const Tensor latents = starts_from_noise(source) ? scaled(noise.clone(), sampler->init_noise_sigma())
                                                   : in_noise(*sampler, first, original, noise);
  Denoising run{std::move(conditioning),          std::move(sampler), generator, latents, first, {}, known,
                {.every = content.sampling.reuse}};
  run.tiles = source.tiles;
  put_back_known(run);
  return run;
}

}  // namespace latentdial::detail
