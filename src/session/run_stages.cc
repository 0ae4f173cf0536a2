#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "denoise/anchored_edit.h"
#include "reading/word_mask.h"
#include "session/conditions.h"
#include "session/edit_pictures.h"
#include "session/stage.h"
#include "session/start.h"

namespace latentdial::detail {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;  // clang before 17 asks for it.

void invert_pictures(const Invert& stage, Work& work) {
  Session& session = work.session;
  const auto count = [&](const CleanLatents&) { work.observer.step(); };
  for (std::size_t begin = 0; begin < stage.pictures.size(); begin += stage.at_once) {
    const auto end = std::min(stage.pictures.size(), begin + stage.at_once);
    std::vector<PictureToInvert> batch;
    for (std::size_t k = begin; k < end; ++k) {
      const Content& content = stage.pictures[k];
      auto sampler = make_sampler(content.sampling, session.model->schedule);
      const int first = first_evaluation(content.source, *sampler);
      batch.push_back(
          {{condition(session, content, {}, {}, work.notices),
            std::move(sampler),
            TorchGenerator(content.source.seed),
            session.model->latents_of(content.source.image->image()),
            first,
            {}},
           session.prompts.encode(content.words.prompt, content.words.syntax, work.notices).condition});
    }
    auto inversions = invert(session.denoiser, std::move(batch), count, work.observer.stop());
    for (std::size_t k = begin; k < end; ++k)
      session.inverted.keep(stage.pictures[k], std::move(inversions[k - begin]));
    session.inversions += static_cast<int>(end - begin);
  }
}

/// Which of the trunks a task goes on from; their number where it is none.
std::size_t trunk_of(const Task& task, const MakeTrunks& stage) {
  const auto found = std::ranges::find_if(stage.trunks, [&](const TrunkKey& key) {
    return key.task.content == task.content &&
           (key.task.turn.method == nullptr || key.task.turn == task.turn.shared());
  });
  return static_cast<std::size_t>(found - stage.trunks.begin());
}

void make_trunks(const MakeTrunks& stage, Work& work) {
  Session& session = work.session;
  std::vector<Denoising> runs;
  for (const auto& [task, until] : stage.trunks)
    runs.push_back(
        start(session, task.content,
              condition(session, task.content, task.turn, style_mask(session, task), work.notices)));
  const auto look = [&](const CleanLatents& clean) {
    work.observer.step();
    std::vector<Image> seen(runs.size());
    for (std::size_t i = 0; i < work.batch.tasks.size(); ++i) {
      const auto run = trunk_of(work.batch.tasks[i], stage);
      if (run == runs.size() || !work.observer.wants_preview(i)) continue;
      if (seen[run].rgb.empty()) seen[run] = session.model->picture_of(clean(run));
      work.observer.show(i, seen[run]);
    }
  };
  denoise(session.denoiser, runs, stage.trunks.front().until, look, work.observer.stop());
  for (std::size_t i = 0; i < runs.size(); ++i) session.trunks.keep(stage.trunks[i], std::move(runs[i]));
}

void find_words(const FindWords& stage, Work& work) {
  Session& session = work.session;
  for (const WordMaskKey& key : stage.masks) {
    const auto& [prompt, negative, syntax] = key.content.words;
    const Denoising& picture = session.finished(key.content);
    const Condition seen = session.prompts.encode(prompt, syntax, work.notices).condition;
    session.word_masks.keep(key, word_mask(session.denoiser, session.model->schedule, picture.latents, seen,
                                           session.model->texts.places_of(key.words, prompt, syntax)));
  }
}

void denoise_forks(Work& work) {
  Session& session = work.session;
  std::vector<Denoising> runs;
  for (const Task& task : work.batch.tasks) {
    const auto sampler = make_sampler(task.content.sampling, session.model->schedule);
    const TrunkKey trunk{{task.content, task.turn.shared()}, fork_evaluation(task, *sampler)};
    runs.push_back(session.trunks.find(trunk)->fork(
        condition(session, task.content, task.turn, style_mask(session, task), work.notices)));
  }
  const auto look = [&](const CleanLatents& clean) {
    work.observer.step();
    for (std::size_t r = 0; r < runs.size(); ++r)
      if (work.observer.wants_preview(r)) work.observer.show(r, session.model->picture_of(clean(r)));
  };
  denoise(session.denoiser, runs, runs.front().sampler->evaluations(), look, work.observer.stop());
  for (const Denoising& run : runs) work.images.push_back(session.model->picture_of(run.latents));
}

}  // namespace

void run(const Stage& stage, Work& work) {
  std::visit(Overloaded{[&](const Invert& invert) { invert_pictures(invert, work); },
                        [&](const MakeTrunks& trunks) { make_trunks(trunks, work); },
                        [&](const FindWords& words) { find_words(words, work); },
                        [&](const DecodeTrunks& trunks) { decode_trunks(trunks, work); },
                        [&](const Edit& edit) { edit_pictures(edit, work); },
                        [&](const DenoiseForks&) { denoise_forks(work); },
                        [&](const MixEdits&) { mix_edits(work); }},
             stage);
}

int steps_of(const Stage& stage, const Batch& batch, const NoiseSchedule& schedule) {
  const Content& content = batch.tasks.front().content;
  const auto sampler = make_sampler(content.sampling, schedule);
  const int first = first_evaluation(content.source, *sampler);
  const int end = sampler->evaluations();
  return std::visit(
      Overloaded{[&](const Invert& invert) {
                   const auto batches = (invert.pictures.size() + invert.at_once - 1) / invert.at_once;
                   return static_cast<int>(batches) * inversion_steps(end - first);
                 },
                 [&](const MakeTrunks& trunks) { return trunks.trunks.front().until - first; },
                 [&](const Edit& edit) { return edit_steps(*sampler, edit.first, edit.recipe.passes); },
                 [&](const DenoiseForks&) { return end - fork_evaluation(batch.tasks.front(), *sampler); },
                 [](const auto&) { return 0; }},
      stage);
}

}  // namespace latentdial::detail
