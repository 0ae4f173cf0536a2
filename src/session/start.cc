#include "session/start.h"

#include <cmath>
#include <cstddef>
#include <utility>

#include "dial/slerp.h"
#include "diffusion/random.h"
#include "model/pixels.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// Unit noise [1,h,w,C], or what lies between two of them.
Tensor starting_noise(const Model& model, const Content& content, TorchGenerator& generator) {
  const auto scale = model.vae_config.downscale();
  const Shape shape = {1, content.sampling.height / scale, content.sampling.width / scale,
                       model.vae_config.latent_channels};
  Tensor noise = generator.randn_nhwc(shape);
  if (!content.to.seed) return noise;
  TorchGenerator other(*content.to.seed);
  return slerp(noise, other.randn_nhwc(shape), content.to.theta);
}

/// Latents drawn from the encoder's distribution.
Tensor encode_image(const Model& model, const Image& image, TorchGenerator& generator) {
  const auto distribution = model.encoder(to_pixels(image));
  const Tensor noise = generator.randn_nhwc(distribution.mean.shape());
  Tensor latents = distribution.mean.clone();
  for (std::size_t i = 0; i < latents.values().size(); ++i) {
    const float deviation =
        std::exp(0.5f * distribution.log_variance.values()[i]) * model.vae_config.scaling_factor;
    latents.values()[i] += deviation * noise.values()[i];
  }
  return latents;
}

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

}  // namespace

std::vector<Content> inverted_ends(const Content& content) {
  const Content from = {.words = content.words,
                        .guidance = content.guidance,
                        .sampling = content.sampling,
                        .source = content.source};
  if (!content.to.image) return {from};
  Content to = from;
  to.source.image = content.to.image;
  if (!content.to.prompt.empty()) to.words.prompt = content.to.prompt;
  return {from, to};
}

Denoising start(const Session& session, const Content& content, Conditioning conditioning) {
  const Source& source = content.source;
  if (source.inverted) return start_inverted(session, content, std::move(conditioning));
  const Model& model = *session.model;
  auto sampler = make_sampler(content.sampling, model.schedule);
  TorchGenerator generator(source.seed);
  const Tensor original = source.image ? encode_image(model, source.image->image(), generator) : Tensor();
  const Tensor noise = starting_noise(model, content, generator);
  const int first = first_evaluation(source, *sampler);
  const Tensor latents = !source.image                    ? scaled(noise.clone(), sampler->init_noise_sigma())
                         : first < sampler->evaluations() ? sampler->add_noise(original, noise, first)
                                                          : original;
  return {std::move(conditioning), std::move(sampler), generator, latents, first, {}};
}

}  // namespace latentdial::detail
