#include <algorithm>
#include <cmath>
#include <cstddef>

#include "denoise/anchored_edit.h"
#include "dial/colour_map.h"
#include "session/conditions.h"
#include "session/stage.h"
#include "session/visible_change.h"
#include "task/dial_notices.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// The edited latents where the mask is 1, the original's where it is 0; everywhere the edited ones without a
/// mask.
Tensor masked(const Tensor& original, const Tensor& edited, const Tensor& mask) {
  if (!mask.defined()) return edited;
  Tensor result = original.clone();
  const auto channels = static_cast<std::size_t>(original.dim(-1));
  for (std::size_t i = 0; i < result.values().size(); ++i)
    result.values()[i] += mask.values()[i / channels] * (edited.values()[i] - original.values()[i]);
  return result;
}

/// What the colours of an edit of this strength change of a picture's latents.
Tensor change_of_colours(const Model& model, const Tensor& latents, const ColourMap& map, double strength) {
  const Image image = model.picture_of(latents);
  const Tensor mapped = model.latents_of(recoloured(image, map, std::abs(strength)));
  return linear_combination({{1, mapped}, {-1, latents}});
}

/// What a turn changes by what is seen of the edited picture alone; empty where it does not.
ChangeRule change_rule(const Turn& turn) {
  const auto& own = turn.method->own_edit;
  if (!own || own->change == nullptr) return {};
  return [change = own->change, position = turn.position](const SeenEdit& seen) {
    return change(seen, position);
  };
}

/// Edits that are under way, and where each acts.
struct EditsUnderWay {
  std::vector<AnchoredEdit> edits;
  std::vector<Tensor> masks;
};

EditsUnderWay start_edits(const Edit& stage, Work& work) {
  Session& session = work.session;
  EditsUnderWay result;
  for (const Task& task : stage.pictures) {
    const Tensor& mask = result.masks.emplace_back(style_mask(session, task));
    const Denoising& original = session.finished(task.content);
    Content content = task.content;
    content.guidance.scale *= stage.recipe.guidance;
    AnchoredEdit& edit =
        result.edits.emplace_back(AnchoredEdit{&original, condition(session, content, {}, mask, work.notices),
                                               condition(session, content, task.turn, mask, work.notices)});
    edit.rule = change_rule(task.turn);
    if (!stage.recipe.colours.empty())
      edit.change = change_of_colours(*session.model, original.latents, colour_map(stage.recipe.colours),
                                      task.turn.position);
  }
  return result;
}

/// A picture's weighted sum, pixel by pixel; `find` gives the image of a task.
template <class Find>
Image mixed(const EditPlan& plan, const Find& find) {
  Image image;
  std::vector<double> sums;
  for (const EditShare& share : plan.shares) {
    image = find(share.task);
    sums.resize(image.rgb.size());
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += share.weight * image.rgb[i];
  }
  for (std::size_t i = 0; i < sums.size(); ++i)
    image.rgb[i] = static_cast<std::uint8_t>(std::lround(sums[i]));
  return image;
}

/// Whether an edit by the words in full leaves the picture as it was, to the eye.
bool shows_nothing(const EditPlan& plan, const Session& session) {
  return std::ranges::any_of(plan.shares, [&](const EditShare& share) {
    return share.task.turn.position >= 1 && session.edited.find(share.task)->change < kLeastVisibleChange;
  });
}

/// Position 0 is the finished picture, whatever the dial.
bool is_plain(const EditPlan& plan) {
  return std::ranges::all_of(plan.shares,
                             [](const EditShare& share) { return share.task.turn.method == nullptr; });
}

/// What the user of a mixed picture should know of its dial.
std::vector<std::string> notices_of(const Task& task, const EditPlan& plan, bool nothing_shown,
                                    const Model& model) {
  std::string notice;
  if (nothing_shown)
    notice = nothing_shown_notice(task.turn.style, model);
  else if (task.turn.dial && !is_plain(plan))
    notice = calibration_notice(task.turn, task.content.guidance.scale, model);
  return notice.empty() ? std::vector<std::string>() : std::vector{notice};
}

/// Shows the batch's pictures as they are mixed of edits under way.
void show_edits(const Edit& stage, const EditsUnderWay& under_way, const CleanLatents& clean, Work& work) {
  std::vector<Image> images;
  const auto find = [&](const Task& task) -> const Image& {
    const auto place = std::ranges::find(stage.pictures, task) - stage.pictures.begin();
    return place < std::ssize(images) ? images[static_cast<std::size_t>(place)]
                                      : work.session.edited.find(task)->image;
  };
  for (std::size_t i = 0; i < work.batch.edits.size(); ++i) {
    if (!work.observer.wants_preview(i)) continue;
    for (std::size_t k = images.size(); k < stage.pictures.size(); ++k) {
      const Tensor& original = under_way.edits[k].original->latents;
      images.push_back(work.session.model->picture_of(masked(original, clean(k), under_way.masks[k])));
    }
    work.observer.show(i, mixed(work.batch.edits[i], find));
  }
}

}  // namespace

void DecodeTrunks::run(Work& work) const {
  for (const Task& task : pictures)
    work.session.edited.keep(
        task, {work.session.model->picture_of(work.session.finished(task.content).latents), 0});
  MixEdits::run(work);
}

void Edit::run(Work& work) const {
  const EditsUnderWay under_way = start_edits(*this, work);
  const auto look = [&](const CleanLatents& clean) {
    work.observer.step();
    show_edits(*this, under_way, clean, work);
  };
  const auto latents =
      edit(work.session.denoiser, under_way.edits, first, recipe, look, work.observer.stop());
  for (std::size_t k = 0; k < latents.size(); ++k) {
    const Tensor& original = under_way.edits[k].original->latents;
    const Tensor& mask = under_way.masks[k];
    work.session.edited.keep(pictures[k], {work.session.model->picture_of(masked(original, latents[k], mask)),
                                           visible_change(original, latents[k], mask)});
  }
}

int Edit::steps(const Batch& batch) const {
  return edit_steps(*batch.sampler, first, recipe.passes);
}

std::size_t Edit::evaluations(const Batch&) const {
  std::vector<const Content*> originals;  // Each that is looked at, once.
  for (const Task& task : pictures)
    if (!change_rule(task.turn) &&
        std::ranges::none_of(originals, [&](const Content* known) { return *known == task.content; }))
      originals.push_back(&task.content);
  return pictures.size() + originals.size();
}

void MixEdits::run(Work& work) {
  const auto find = [&](const Task& task) { return work.session.edited.find(task); };
  work.finished.resize(work.batch.edits.size());
  for (std::size_t i = 0; i < work.batch.edits.size(); ++i) {
    const EditPlan& plan = work.batch.edits[i];
    const auto is_known = [&](const EditShare& share) { return find(share.task) != nullptr; };
    if (work.finished[i] || !std::ranges::all_of(plan.shares, is_known)) continue;
    work.finished[i] = true;
    const bool nothing = shows_nothing(plan, work.session);
    work.finish(i, {.image = mixed(plan, [&](const Task& task) -> const Image& { return find(task)->image; }),
                    .notices = notices_of(work.batch.tasks[i], plan, nothing, *work.session.model),
                    .shows = nothing ? std::nullopt : std::optional(plan.position)});
  }
}

}  // namespace latentdial::detail
