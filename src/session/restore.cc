#include <algorithm>
#include <cstddef>
#include <utility>

#include "image/area.h"
#include "model/pixels.h"
#include "session/agreement.h"
#include "session/conditions.h"
#include "session/in_tiles.h"
#include "session/stage.h"
#include "session/start.h"
#include "task/task.h"

namespace latentdial::detail {
namespace {

/// How sure the copy is, in the picture's units: a little more than its rounding to 8 bits.
constexpr double kCopysNoise = 0.01;

/// The evaluation that a round begins at: less and less noise, evenly.
int first_of_round(const Source& source, const Sampler& sampler, int round) {
  const double left = 1 - static_cast<double>(round) / source.restoration->rounds;
  return sampler.first_evaluation(static_cast<float>(source.strength * left));
}

int steps_of(const Source& source, const Sampler& sampler) {
  int steps = 0;
  for (int round = 0; round < source.restoration->rounds; ++round)
    steps += sampler.evaluations() - first_of_round(source, sampler, round);
  return steps;
}

/// One picture: noised, denoised and brought back to what is known of it, round by round.
Image restored(Work& work, std::size_t i) {
  Session& session = work.session;
  const Model& model = *session.model;
  const Content& content = work.batch.tasks[i].content;
  const Source& source = content.source;
  const Restoration& restoration = *source.restoration;
  const Tensor known = to_pixels(restoration.known.image());
  TorchGenerator generator(source.seed);
  const Conditioning conditioning = condition(session, content, {}, {}, work.notices);
  Tensor picture = first_guess(restoration, known);
  for (int round = 0; round < restoration.rounds; ++round) {
    auto sampler = work.batch.sampler->clone();
    const int first = first_of_round(source, *sampler, round), evaluations = sampler->evaluations();
    const Tensor before = encoded(model, picture, source.tiles);
    const Tensor noise = generator.randn_nhwc(before.shape());
    const Tensor latents = in_noise(*sampler, first, before, noise);
    std::vector<Denoising> runs;
    runs.push_back({.conditioning = conditioning,
                    .sampler = std::move(sampler),
                    .generator = generator,
                    .latents = latents,
                    .next = first,
                    .reuse = {.every = content.sampling.reuse},
                    .tiles = source.tiles});
    const auto look = [&](const CleanLatents& clean) {
      work.observer.step();
      if (work.observer.wants_preview(i)) work.observer.show(i, picture_of(model, clean(0), source.tiles));
    };
    denoise(session.denoiser, runs, evaluations, look, work.observer.stop());
    generator = runs.front().generator;
    picture = nearest_agreeing(restoration, known, decoded(model, runs.front().latents, source.tiles),
                               1 / (kCopysNoise * kCopysNoise));
  }
  // Without what was repeated beyond the edge.
  const int width = restoration.width, height = restoration.height;
  return resized(to_image(picture), {0, 0, width, height}, width, height);
}

}  // namespace

void Restore::run(Work& work) {
  for (std::size_t i = 0; i < work.batch.tasks.size(); ++i)
    work.finish(i, {.image = restored(work, i), .notices = {}, .shows = 0});
}

int Restore::steps(const Batch& batch) {
  int steps = 0;
  for (const Task& task : batch.tasks) steps += steps_of(task.content.source, *batch.sampler);
  return steps;
}

}  // namespace latentdial::detail
