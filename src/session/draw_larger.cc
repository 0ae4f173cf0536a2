#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "image/area.h"
#include "model/pixels.h"
#include "session/conditions.h"
#include "session/in_tiles.h"
#include "session/reference.h"
#include "session/stage.h"
#include "session/start.h"
#include "tensor/interpolation.h"

namespace latentdial::detail {
namespace {

/// A content as its second pass draws it.
Content larger(Content content, const SecondPass& pass) {
  content.sampling.width = pass.width;
  content.sampling.height = pass.height;
  content.sampling.steps = pass.steps;
  return content;
}

Image enlarged(Image image, const SecondPass& pass, const std::stop_token& stop) {
  if (pass.network) {
    const double by = std::max(static_cast<double>(pass.width) / image.width,
                               static_cast<double>(pass.height) / image.height);
    image = pass.network->enlarge(image, by, {.on_step = {}, .stop = stop});
  }
  return resized(image, {0, 0, image.width, image.height}, pass.width, pass.height);
}

/// What the second pass begins with, before it is noised: latents of its size.
Tensor enlarged(const Tensor& latents, const Model& model, const SecondPass& pass, TorchGenerator& generator,
                const std::stop_token& stop) {
  const auto scale = model.vae_config.downscale();
  if (pass.with == "latent") return enlarged_bilinearly(latents, pass.height / scale, pass.width / scale);
  const Image image = enlarged(model.picture_of(latents), pass, stop);
  return sample_latents(model, model.encoded(image), generator);
}

/// A picture of the batch before the first step of its second pass: its first, enlarged, in noise.
Denoising start_larger(Work& work, std::size_t i) {
  Session& session = work.session;
  const Model& model = *session.model;
  const SecondPass& pass = *work.batch.second_pass;
  const Content content = larger(work.batch.tasks[i].content, pass);
  TorchGenerator generator(content.source.seed);
  pass_reference(model, generator);
  const Tensor clean = enlarged(work.drawn[i].latents, model, pass, generator, work.observer.stop());
  const Tensor noise = starting_noise(model, content, generator);
  auto sampler = make_sampler(content.sampling, model.schedule);
  const int first = sampler->first_evaluation(static_cast<float>(pass.strength));
  const Tensor latents = in_noise(*sampler, first, clean, noise);
  return {.conditioning = condition(session, content, work.drawn[i].turn, {}, work.notices),
          .sampler = std::move(sampler),
          .generator = generator,
          .latents = latents,
          .next = first,
          .reuse = {.every = content.sampling.reuse}};
}

}  // namespace

void finish_drawn(Work& work, std::size_t i, Drawn drawn) {
  if (work.batch.second_pass) {
    work.drawn.resize(work.batch.tasks.size());
    work.drawn[i] = std::move(drawn);
    return;
  }
  const Source& source = work.batch.tasks[i].content.source;
  work.finish(i, {.image = picture_of(*work.session.model, drawn.latents, source.tiles),
                  .notices = std::move(drawn.notices),
                  .shows = drawn.shows});
}

void DrawLarger::run(Work& work) const {
  const Model& model = *work.session.model;
  for (std::size_t begin = 0; begin < pictures; begin += at_once) {
    std::vector<Denoising> runs;
    for (std::size_t i = begin; i < std::min(pictures, begin + at_once); ++i)
      runs.push_back(start_larger(work, i));
    const auto look = [&](const CleanLatents& clean) {
      work.observer.step();
      for (std::size_t r = 0; r < runs.size(); ++r)
        if (work.observer.wants_preview(begin + r)) work.observer.show(begin + r, model.picture_of(clean(r)));
    };
    denoise(work.session.denoiser, runs, runs.front().sampler->evaluations(), look, work.observer.stop());
    for (std::size_t r = 0; r < runs.size(); ++r) {
      Drawn& first = work.drawn[begin + r];
      work.finish(begin + r, {.image = model.picture_of(runs[r].latents),
                              .notices = std::move(first.notices),
                              .shows = first.shows});
    }
  }
}

}  // namespace latentdial::detail
