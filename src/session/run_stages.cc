#include <algorithm>
#include <cstddef>
#include <utility>

#include "reading/word_mask.h"
#include "session/conditions.h"
#include "session/in_tiles.h"
#include "session/stage.h"
#include "session/start.h"

namespace latentdial::detail {
namespace {

/// Which of the trunks a task goes on from; their number where it is none.
std::size_t trunk_of(const Task& task, const std::vector<TrunkKey>& trunks) {
  const auto found = std::ranges::find_if(trunks, [&](const TrunkKey& key) {
    return key.task.content == task.content &&
           (key.task.turn.method == nullptr || key.task.turn == task.turn.shared());
  });
  return static_cast<std::size_t>(found - trunks.begin());
}

}  // namespace

void FindParts::run(Work& work) const {
  for (const ShownWords& part : parts) {
    work.session.shown_words.keep(part, find_shown_words(work.session, part, work.observer.stop()));
    work.observer.step();
  }
}

void Invert::run(Work& work) const {
  Session& session = work.session;
  const auto count = [&](const CleanLatents&) { work.observer.step(); };
  for (std::size_t begin = 0; begin < pictures.size(); begin += at_once) {
    const auto end = std::min(pictures.size(), begin + at_once);
    std::vector<PictureToInvert> batch;
    for (std::size_t k = begin; k < end; ++k) {
      const Content& content = pictures[k];
      batch.push_back(
          {{condition(session, content, {}, {}, work.notices),
            work.batch.sampler->clone(),
            TorchGenerator(content.source.seed),
            session.model->latents_of(content.source.image->image()),
            work.batch.first,
            {}},
           session.encode(content.words.prompt, content.words.syntax, work.notices, content.words.clip_skip)
               .condition});
    }
    auto inversions = invert(session.denoiser, std::move(batch), count, work.observer.stop());
    for (std::size_t k = begin; k < end; ++k)
      session.inverted.keep(pictures[k], std::move(inversions[k - begin]));
    session.inversions += static_cast<int>(end - begin);
  }
}

int Invert::steps(const Batch& batch) const {
  return batches_of(pictures.size(), at_once) * inversion_steps(batch.sampler->evaluations() - batch.first);
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
      if (seen[run].rgb.empty()) seen[run] = picture_of(*session.model, clean(run), runs[run].tiles);
      work.observer.show(i, seen[run]);
    }
  };
  denoise(session.denoiser, runs, trunks.front().until, look, work.observer.stop());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].conditioning = {};  // Whatever goes on from it has its own, and this may hold a model.
    session.trunks.keep(trunks[i], std::move(runs[i]));
  }
}

void FindWords::run(Work& work) const {
  Session& session = work.session;
  for (const WordMaskKey& key : masks) {
    const auto& [prompt, negative, syntax, clip_skip] = key.content.words;
    const Denoising& picture = session.finished(key.content);
    const Condition seen = session.encode(prompt, syntax, work.notices, clip_skip).condition;
    session.word_masks.keep(
        key, word_mask(session.denoiser, session.model->schedule, picture.latents, seen,
                       session.model->texts.places_of("mask_words", key.words, prompt, syntax)));
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
      if (work.observer.wants_preview(r))
        work.observer.show(r, picture_of(*session.model, clean(r), runs[r].tiles));
  };
  denoise(session.denoiser, runs, work.batch.sampler->evaluations(), look, work.observer.stop());
  for (std::size_t i = 0; i < runs.size(); ++i)
    finish_drawn(work, i,
                 {.latents = runs[i].latents,
                  .turn = work.batch.tasks[i].turn,
                  .notices = {},
                  .shows = work.batch.tasks[i].turn.position});
}

}  // namespace latentdial::detail
