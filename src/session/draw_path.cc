#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "dial/methods.h"
#include "dial/slerp.h"
#include "dial/style_path.h"
#include "session/conditions.h"
#include "session/edits.h"
#include "session/stage.h"
#include "session/visible_change.h"
#include "task/dial_notices.h"
#include "task/dial_range.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// The share of the steps from which on all have one noise. New noise at each keeps the scene, and blurs
/// what comes into it: what one step draws here, the next draws there.
constexpr double kOneNoiseFrom = 0.5;

/// From the first step on, so that things can come into the scene; and no layout is held, so that they can
/// move.
constexpr EditRecipe kKeyRecipe = {.start = 0, .passes = 1, .guidance = 1, .layout_until = 0};

/// The progress at a share of the steps that the batch's pictures take, of which those of a start image are
/// the schedule's last.
double progress_at(const Batch& batch, double share) {
  return std::lerp(static_cast<double>(batch.first) / batch.sampler->evaluations(), 1.0, share);
}

/// The last evaluation is always a position's own.
int join_evaluation(const Batch& batch) {
  const Sampler& sampler = *batch.sampler;
  return std::min(sampler.evaluation_at(batch.first, progress_at(batch, kJoinAt)), sampler.evaluations() - 1);
}

int key_steps(const Batch& batch) {
  return edit_steps(*batch.sampler, batch.first, batch.sampler->evaluations());
}

/// A picture on a path, drawn at a strength other than 0; no dial has a say in it.
Task drawn_at(const Task& task, double strength) {
  Task result = task;
  result.turn.position = strength;
  result.turn.dial = std::nullopt;
  return result;
}

/// The strength of the first key picture between the ends.
double middle_strength(const Turn& turn) {
  if (turn.position < 0 || !turn.dial) return end_strength(turn) / 2;
  return turn.dial->strength_at(end_position(turn) / 2);
}

/// Of a path whose key pictures are known: one of them, or at strength 0 the plain one that they are edits
/// of.
const Tensor& latents_at(const Session& session, const Task& task, double strength) {
  if (strength != 0) return session.keys.find(drawn_at(task, strength))->latents;
  return session.keys.find(drawn_at(task, end_strength(task.turn)))->joined.original->latents;
}

double distance(const Tensor& a, const Tensor& b) {
  const Tensor difference = linear_combination({{1, a}, {-1, b}});
  return std::sqrt(dot(difference.values(), difference.values()));
}

/// The path by these key pictures, which must be known. Half of what decides a position is this very
/// picture's path, and half the dial's usual course, where there is one.
StylePath measure(const Session& session, const Task& task, const std::vector<double>& strengths) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < strengths.size(); ++i)
    steps.push_back(
        distance(latents_at(session, task, strengths[i - 1]), latents_at(session, task, strengths[i])));
  std::vector<DialPoint> keys = by_distance(strengths, steps);
  const Turn& turn = task.turn;
  for (DialPoint& key : keys) {
    key.position *= end_position(turn);
    if (turn.dial && turn.position > 0)
      key.position = std::midpoint(key.position, turn.dial->position_of(key.strength));
  }
  return StylePath(std::move(keys));
}

/// To the end by three key pictures.
StylePath coarse_path(const Session& session, const Task& task) {
  return measure(session, task, {0, middle_strength(task.turn), end_strength(task.turn)});
}

/// To the end by all four, or on from there to the end of the dial's range.
StylePath known_path(const Session& session, const Task& task) {
  if (task.turn.position > 1) return StylePath({{1, end_strength(task.turn)}, task.turn.dial->points.back()});
  const StylePath path = coarse_path(session, task);
  std::vector<double> strengths = {path.widest()};
  for (const DialPoint& key : path.keys()) strengths.push_back(key.strength);
  std::ranges::sort(strengths, {}, [](double strength) { return std::abs(strength); });
  return measure(session, task, strengths);
}

/// A content's finished picture, to be looked at by all of its edits.
std::shared_ptr<LookedAt> looked_at(Work& work, const Content& content) {
  Session& session = work.session;
  if (session.looked_at.find(content) == nullptr) {
    auto original = look_at(session, content, content.guidance.scale, work.notices);
    original->one_noise_from = progress_at(work.batch, kOneNoiseFrom);
    session.looked_at.keep(content, std::move(original));
  }
  return *session.looked_at.find(content);
}

void draw(Work& work, std::span<const Task> keys) {
  Session& session = work.session;
  const Sampler& sampler = *work.batch.sampler;
  EditsUnderWay under_way;
  for (const Task& key : keys)
    under_way.begin(session, key, looked_at(work, key.content), key.content.guidance.scale, work.notices);
  const auto look = [&](const CleanLatents& clean) {
    work.observer.step();
    for (std::size_t i = 0; i < work.batch.tasks.size(); ++i) {
      const Task& task = work.batch.tasks[i];
      const auto strength = key_strength(task.turn);
      if (!strength || *strength == 0) continue;
      const auto place = std::ranges::find(keys, drawn_at(task, *strength)) - keys.begin();
      const auto k = static_cast<std::size_t>(place);
      if (k < keys.size() && work.observer.wants_preview(i))
        work.observer.show(i, session.model->picture_of(under_way.within_mask(k, clean(k))));
    }
  };
  const int join = join_evaluation(work.batch);
  auto& edits = under_way.edits;
  edit(session.denoiser, sampler, edits, work.batch.first, join, kKeyRecipe, look, work.observer.stop());
  const std::vector<AnchoredEdit> joined = edits;
  edit(session.denoiser, sampler, edits, join, sampler.evaluations(), kKeyRecipe, look, work.observer.stop());
  for (std::size_t k = 0; k < keys.size(); ++k)
    session.keys.keep(keys[k], {joined[k], under_way.within_mask(k, edited(edits[k]))});
}

/// Whether the end looks like the plain picture; false where it is not known.
bool shows_nothing(const Session& session, const Task& task) {
  const KeyPicture* end = session.keys.find(drawn_at(task, end_strength(task.turn)));
  return end != nullptr && visible_change(end->joined.original->latents, end->latents,
                                          style_mask(session, task)) < kLeastVisibleChange;
}

void finish(Work& work, std::size_t i, const Tensor& latents) {
  const Task& task = work.batch.tasks[i];
  Finished finished{
      .image = work.session.model->picture_of(latents), .notices = {}, .shows = task.turn.position};
  if (task.turn.position == 0) return work.finish(i, std::move(finished));
  if (shows_nothing(work.session, task)) {
    finished.notices.push_back(nothing_shown_notice(task.turn.style, *work.session.model));
    finished.shows = std::nullopt;
  } else if (std::string notice = calibration_notice(task.turn, task.content.guidance.scale);
             !notice.empty()) {
    finished.notices.push_back(std::move(notice));
  }
  work.finish(i, std::move(finished));
}

/// Those of the batch's pictures that are the plain one or a key that is known by now.
void finish_keys(Work& work) {
  work.finished.resize(work.batch.tasks.size());
  for (std::size_t i = 0; i < work.batch.tasks.size(); ++i) {
    const Task& task = work.batch.tasks[i];
    const auto strength = key_strength(task.turn);
    if (work.finished[i] || !strength) continue;
    if (*strength != 0 && work.session.keys.find(drawn_at(task, *strength)) == nullptr) continue;
    work.finished[i] = true;
    finish(work, i,
           *strength == 0 ? work.session.finished(task.content).latents
                          : latents_at(work.session, task, *strength));
  }
}

void draw_in_batches(Work& work, std::span<const Task> keys, std::size_t at_once) {
  for (; !keys.empty(); keys = keys.subspan(std::min(at_once, keys.size()))) {
    draw(work, keys.first(std::min(at_once, keys.size())));
    finish_keys(work);
  }
}

/// Begins a position between the key pictures on either side, from where they part.
void begin_between(EditsUnderWay& under_way, Work& work, const Task& task) {
  Session& session = work.session;
  const double position = std::abs(task.turn.position);
  const StylePath path = known_path(session, task);
  const auto [below, above, share] = path.around(position);
  static const DialMethod kBetween = {{.name = "between", .summary = "between key pictures"},
                                      condition_between};
  Task between = task;
  between.turn.method = &kBetween;
  between.turn.position = path.strength_at(position);
  const AnchoredEdit& to = session.keys.find(drawn_at(task, path.keys()[above].strength))->joined;
  AnchoredEdit& edit =
      under_way.begin(session, between, to.original, task.content.guidance.scale, work.notices);
  edit.steps = to.steps;
  edit.change = linear_combination({{share, to.change}});
  if (const double strength = path.keys()[below].strength; strength != 0)
    edit.change = lerp(session.keys.find(drawn_at(task, strength))->joined.change, to.change, share);
}

}  // namespace

std::vector<Task> key_pictures(const Batch& batch) {
  std::vector<Task> keys;
  const auto add = [&](const Task& task, double strength) {
    Task key = drawn_at(task, strength);
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(std::move(key));
  };
  for (const Task& task : batch.tasks)
    if (task.turn.position != 0) add(task, end_strength(task.turn));
  for (const Task& task : batch.tasks) {
    if (task.turn.position > 1) add(task, task.turn.dial->points.back().strength);
    if (lies_on_path(task.turn)) add(task, middle_strength(task.turn));
  }
  return keys;
}

bool lies_on_path(const Turn& turn) {
  return !key_strength(turn) && turn.position < 1;
}

bool knows_path(const Session& session, const Task& task) {
  for (const double strength : {middle_strength(task.turn), end_strength(task.turn)})
    if (session.keys.find(drawn_at(task, strength)) == nullptr) return false;
  return session.keys.find(drawn_at(task, coarse_path(session, task).widest())) != nullptr;
}

void DrawKeys::run(Work& work) const {
  finish_keys(work);  // The plain picture, before the others are begun.
  draw_in_batches(work, keys, at_once);
}

int DrawKeys::steps(const Batch& batch) const {
  return batches_of(keys.size(), at_once) * key_steps(batch);
}

std::size_t DrawKeys::evaluations(const Batch&) const {
  // Where they go one by one, the first alone has the original beside it.
  return keys.size() <= at_once ? keys.size() + originals : at_once;
}

void DrawWidestKeys::run(Work& work) const {
  std::vector<Task> keys;
  for (const Task& path : paths) {
    Task key = drawn_at(path, coarse_path(work.session, path).widest());
    if (work.session.keys.find(key) == nullptr) keys.push_back(std::move(key));
  }
  draw_in_batches(work, keys, at_once);
}

int DrawWidestKeys::steps(const Batch& batch) const {
  return batches_of(paths.size(), at_once) * key_steps(batch);
}

void DrawBetween::run(Work& work) {
  finish_keys(work);
  std::vector<std::size_t> places;
  EditsUnderWay under_way;
  for (std::size_t i = 0; i < work.batch.tasks.size(); ++i) {
    if (work.finished[i]) continue;
    places.push_back(i);
    begin_between(under_way, work, work.batch.tasks[i]);
  }
  const auto look = [&](const CleanLatents& clean) {
    work.observer.step();
    for (std::size_t k = 0; k < places.size(); ++k)
      if (work.observer.wants_preview(places[k]))
        work.observer.show(places[k], work.session.model->picture_of(under_way.within_mask(k, clean(k))));
  };
  const Sampler& sampler = *work.batch.sampler;
  auto& edits = under_way.edits;
  edit(work.session.denoiser, sampler, edits, join_evaluation(work.batch), sampler.evaluations(), kKeyRecipe,
       look, work.observer.stop());
  for (std::size_t k = 0; k < edits.size(); ++k)
    finish(work, places[k], under_way.within_mask(k, edited(edits[k])));
}

int DrawBetween::steps(const Batch& batch) const {
  const Sampler& sampler = *batch.sampler;
  return pictures == 0 ? 0 : edit_steps(sampler, join_evaluation(batch), sampler.evaluations());
}

}  // namespace latentdial::detail
