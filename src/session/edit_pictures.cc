#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "denoise/anchored_edit.h"
#include "session/conditions.h"
#include "session/stage.h"
#include "session/visible_change.h"
#include "task/dial_notices.h"

namespace latentdial::detail {
namespace {

/// What a turn changes by what is seen of the edited picture alone; empty where it does not.
ChangeRule change_rule(const Turn& turn) {
  const auto& own = turn.method->own_edit;
  if (!own || own->change == nullptr) return {};
  return [change = own->change, position = turn.position](const SeenEdit& seen) {
    return change(seen, position);
  };
}

/// The guidance scale that a task's edit is made under.
double scale_of(const Task& task) {
  return task.content.guidance.scale * task.turn.recipe.guidance;
}

/// Edits of finished pictures that go side by side, and where each acts.
struct EditsUnderWay {
  std::vector<AnchoredEdit> edits;
  std::vector<Tensor> masks;  ///< As style_mask has them.

  /// The edited latents of the k-th where its mask is 1, the original's where it is 0.
  [[nodiscard]] Tensor within_mask(std::size_t k, const Tensor& edited) const {
    return detail::within_mask(edits[k].original->latents, edited, masks[k]);
  }
};

/// A task's finished picture, to be looked at under the scale of its edit. It must be known.
std::shared_ptr<LookedAt> look_at(const Task& task, Work& work) {
  const Denoising& finished = work.session.finished(task.content);
  const Content content = with_guidance(task.content, scale_of(task));
  return std::make_shared<LookedAt>(
      LookedAt{finished.latents, condition(work.session, content, {}, {}, work.notices), finished.generator});
}

/// Adds the edit of a finished picture by a task's turn.
void begin(EditsUnderWay& under_way, const Task& task, std::shared_ptr<LookedAt> original, Work& work) {
  const Tensor& mask = under_way.masks.emplace_back(style_mask(work.session, task));
  const Content content = with_guidance(task.content, scale_of(task));
  under_way.edits.push_back(
      begin_edit(std::move(original), condition(work.session, content, task.turn, mask, work.notices)));
  under_way.edits.back().rule = change_rule(task.turn);
}

EditsUnderWay start_edits(const Edit& stage, Work& work) {
  EditsUnderWay result;
  std::vector<std::pair<const Content*, std::shared_ptr<LookedAt>>> originals;
  for (const Task& task : stage.pictures) {
    auto known = std::ranges::find_if(originals, [&](const auto& one) { return *one.first == task.content; });
    if (known == originals.end()) known = originals.insert(known, {&task.content, look_at(task, work)});
    if (change_rule(task.turn)) known->second->one_noise = true;
    begin(result, task, known->second, work);
  }
  return result;
}

/// Shows the batch's pictures whose edits are under way.
void show_edits(const Edit& stage, const EditsUnderWay& under_way, const CleanLatents& clean, Work& work) {
  for (std::size_t i = 0; i < work.batch.tasks.size(); ++i) {
    const auto place =
        std::ranges::find(stage.pictures, edited(work.batch.tasks[i])) - stage.pictures.begin();
    if (place == std::ssize(stage.pictures) || !work.observer.wants_preview(i)) continue;
    const auto k = static_cast<std::size_t>(place);
    work.observer.show(i, work.session.model->picture_of(under_way.within_mask(k, clean(k))));
  }
}

}  // namespace

void DecodeTrunks::run(Work& work) const {
  for (const Task& task : pictures)
    work.session.edited.keep(
        task, {work.session.model->picture_of(work.session.finished(task.content).latents), 0});
  FinishEdits::run(work);
}

void Edit::run(Work& work) const {
  EditsUnderWay under_way = start_edits(*this, work);
  const auto look = [&](const CleanLatents& clean) {
    work.observer.step();
    show_edits(*this, under_way, clean, work);
  };
  const Sampler& sampler = *work.batch.sampler;
  const EditRecipe& recipe = pictures.front().turn.recipe;
  for (int pass = 0; pass < recipe.passes; ++pass)
    edit(work.session.denoiser, sampler, under_way.edits, first_of_edit(pictures.front(), sampler),
         sampler.evaluations(), recipe, look, work.observer.stop());
  for (std::size_t k = 0; k < pictures.size(); ++k) {
    const AnchoredEdit& made = under_way.edits[k];
    const Tensor latents = edited(made);
    work.session.edited.keep(pictures[k],
                             {work.session.model->picture_of(under_way.within_mask(k, latents)),
                              visible_change(made.original->latents, latents, under_way.masks[k])});
  }
}

int Edit::steps(const Batch& batch) const {
  const Task& first = pictures.front();
  return first.turn.recipe.passes *
         edit_steps(*batch.sampler, first_of_edit(first, *batch.sampler), batch.sampler->evaluations());
}

std::size_t Edit::evaluations(const Batch&) const {
  std::vector<const Content*> originals;  // Each that is looked at, once.
  for (const Task& task : pictures)
    if (!change_rule(task.turn) &&
        std::ranges::none_of(originals, [&](const Content* known) { return *known == task.content; }))
      originals.push_back(&task.content);
  return pictures.size() + originals.size();
}

void FinishEdits::run(Work& work) {
  work.finished.resize(work.batch.tasks.size());
  for (std::size_t i = 0; i < work.batch.tasks.size(); ++i) {
    const Task& task = work.batch.tasks[i];
    const EditedPicture* picture = work.session.edited.find(edited(task));
    if (work.finished[i] || picture == nullptr) continue;
    work.finished[i] = true;
    Finished finished{.image = picture->image, .notices = {}, .shows = task.turn.position};
    // An edit by the words in full that leaves the picture as it was, to the eye.
    if (task.turn.position >= 1 && picture->change < kLeastVisibleChange) {
      finished.notices.push_back(nothing_shown_notice(task.turn, *work.session.model));
      finished.shows = std::nullopt;
    }
    work.finish(i, std::move(finished));
  }
}

}  // namespace latentdial::detail
