#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "dial/slerp.h"
#include "diffusion/random.h"
#include "model/pixels.h"
#include "reading/word_mask.h"
#include "session/conditions.h"
#include "session/stage.h"
#include "task/redrawn_part.h"
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

/// Of an image of which a part is redrawn: that part is what it is told to begin with.
StartLatents start_redrawn(const Model& model, const Image& image, const RedrawnPart& part,
                           TorchGenerator& generator) {
  const auto encoded = model.encoded(image);
  const KnownPart known = {encoded.mean,
                           redrawn_places(part, static_cast<int>(model.vae_config.downscale()))};
  if (part.fill == "around") {
    const Tensor strengths = redrawn_strengths(part.mask.image(), part.blur);
    const auto filled = model.encoder(to_pixels(filled_from_around(image, strengths)));
    return {sample_latents(model, filled, generator), known};
  }
  Tensor latents = sample_latents(model, encoded, generator);
  if (part.fill == "original") return {latents, known};
  const Tensor noise = generator.randn_nhwc(latents.shape());
  const auto channels = static_cast<std::size_t>(latents.dim(-1));
  for (std::size_t i = 0; i < latents.values().size(); ++i)
    if (known.strengths.values()[i / channels] > 0)
      latents.values()[i] = part.fill == "noise" ? noise.values()[i] : 0.0F;
  return {latents, known};
}

/// Empty latents where there is no start image.
StartLatents start_latents(const Model& model, const Source& source, TorchGenerator& generator) {
  if (!source.image) return {};
  const Image& image = source.image->image();
  if (source.part) return start_redrawn(model, image, *source.part, generator);
  return {sample_latents(model, model.encoder(to_pixels(image)), generator)};
}

/// A picture before its first step. The inversion of a start picture must be known.
Denoising start(const Session& session, const Content& content, Conditioning conditioning) {
  const Source& source = content.source;
  if (source.inverted) return start_inverted(session, content, std::move(conditioning));
  const Model& model = *session.model;
  auto sampler = make_sampler(content.sampling, model.schedule);
  TorchGenerator generator(source.seed);
  const auto [original, known] = start_latents(model, source, generator);
  const Tensor noise = starting_noise(model, content, generator);
  const int first = first_evaluation(source, *sampler);
  const Tensor latents = !source.image                    ? scaled(noise.clone(), sampler->init_noise_sigma())
                         : first < sampler->evaluations() ? sampler->add_noise(original, noise, first)
                                                          : original;
  Denoising run{std::move(conditioning), std::move(sampler), generator, latents, first, {}, known};
  put_back_known(run);
  return run;
}

/// Which of the trunks a task goes on from; their number where it is none.
std::size_t trunk_of(const Task& task, const std::vector<TrunkKey>& trunks) {
  const auto found = std::ranges::find_if(trunks, [&](const TrunkKey& key) {
    return key.task.content == task.content &&
           (key.task.turn.method == nullptr || key.task.turn == task.turn.shared());
  });
  return static_cast<std::size_t>(found - trunks.begin());
}

}  // namespace

void Invert::run(Work& work) const {
  Session& session = work.session;
  const auto count = [&](const CleanLatents&) { work.observer.step(); };
  for (std::size_t begin = 0; begin < pictures.size(); begin += at_once) {
    const auto end = std::min(pictures.size(), begin + at_once);
    std::vector<PictureToInvert> batch;
    for (std::size_t k = begin; k < end; ++k) {
      const Content& content = pictures[k];
      batch.push_back({{condition(session, content, {}, {}, work.notices),
                        work.batch.sampler->clone(),
                        TorchGenerator(content.source.seed),
                        session.model->latents_of(content.source.image->image()),
                        work.batch.first,
                        {}},
                       session.encode(content.words.prompt, content.words.syntax, work.notices).condition});
    }
    auto inversions = invert(session.denoiser, std::move(batch), count, work.observer.stop());
    for (std::size_t k = begin; k < end; ++k)
      session.inverted.keep(pictures[k], std::move(inversions[k - begin]));
    session.inversions += static_cast<int>(end - begin);
  }
}

int Invert::steps(const Batch& batch) const {
  const auto batches = static_cast<int>((pictures.size() + at_once - 1) / at_once);
  return batches * inversion_steps(batch.sampler->evaluations() - batch.first);
}

void MakeTrunks::run(Work& work) const {
  Session& session = work.session;
  std::vector<Denoising> runs;
  for (const auto& [task, until] : trunks)
    runs.push_back(
        start(session, task.content,
              condition(session, task.content, task.turn, style_mask(session, task), work.notices)));
  const auto look = [&](const CleanLatents& clean) {
    work.observer.step();
    std::vector<Image> seen(runs.size());
    for (std::size_t i = 0; i < work.batch.tasks.size(); ++i) {
      const auto run = trunk_of(work.batch.tasks[i], trunks);
      if (run == runs.size() || !work.observer.wants_preview(i)) continue;
      if (seen[run].rgb.empty()) seen[run] = session.model->picture_of(clean(run));
      work.observer.show(i, seen[run]);
    }
  };
  denoise(session.denoiser, runs, trunks.front().until, look, work.observer.stop());
  for (std::size_t i = 0; i < runs.size(); ++i) session.trunks.keep(trunks[i], std::move(runs[i]));
}

void FindWords::run(Work& work) const {
  Session& session = work.session;
  for (const WordMaskKey& key : masks) {
    const auto& [prompt, negative, syntax] = key.content.words;
    const Denoising& picture = session.finished(key.content);
    const Condition seen = session.encode(prompt, syntax, work.notices).condition;
    session.word_masks.keep(key, word_mask(session.denoiser, session.model->schedule, picture.latents, seen,
                                           session.model->texts.places_of(key.words, prompt, syntax)));
  }
}

void DenoiseForks::run(Work& work) {
  Session& session = work.session;
  std::vector<Denoising> runs;
  for (const Task& task : work.batch.tasks) {
    const TrunkKey trunk{{task.content, task.turn.shared()}, work.batch.fork};
    runs.push_back(session.trunks.find(trunk)->fork(
        condition(session, task.content, task.turn, style_mask(session, task), work.notices)));
  }
  const auto look = [&](const CleanLatents& clean) {
    work.observer.step();
    for (std::size_t r = 0; r < runs.size(); ++r)
      if (work.observer.wants_preview(r)) work.observer.show(r, session.model->picture_of(clean(r)));
  };
  denoise(session.denoiser, runs, work.batch.sampler->evaluations(), look, work.observer.stop());
  for (std::size_t i = 0; i < runs.size(); ++i)
    work.finish(i, {.image = session.model->picture_of(runs[i].latents),
                    .notices = {},
                    .shows = work.batch.tasks[i].turn.position});
}

}  // namespace latentdial::detail
