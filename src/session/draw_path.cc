#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dial/style_path.h"
#include "session/conditions.h"
#include "session/seen_change.h"
#include "session/stage.h"
#include "session/start.h"
#include "session/visible_change.h"
#include "task/dial_notices.h"
#include "task/dial_range.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// The layout that everything on a path takes from the plain picture, so that its scene stays where a model's
/// scenes do not hang on the noise alone (docs/ruler.md); until this share of the steps.
constexpr LayoutShare kLayout = {.level = 1, .share = 0.4F};
constexpr double kLayoutUntil = 0.5;

int steps_of(const Batch& batch) {
  return batch.sampler->evaluations() - batch.first;
}

/// What a picture on a path computes of the denoiser's deeper levels. At first all, so that those near the
/// plain picture, which computes all, begin as it does; an inversion comes out again only by whole steps.
Reuse reuse_of(const Content& content, const Batch& batch) {
  constexpr int kMostReuse = 5;
  if (content.source.inverted) return {};
  const int steps = steps_of(batch);
  const int every = std::max(content.sampling.reuse, std::min(kMostReuse, (steps + 1) / 4));
  return {.every = every, .from = batch.first + std::max(0, steps / 5 - 1)};
}

int layout_end(const Batch& batch) {
  const double first = static_cast<double>(batch.first) / batch.sampler->evaluations();
  return batch.sampler->evaluation_at(batch.first, std::lerp(first, 1.0, kLayoutUntil));
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

/// Of a path whose key pictures are known: one of them, or at strength 0 the plain one.
const Tensor& latents_at(const Session& session, const Task& task, double strength) {
  return strength == 0 ? session.finished(task.content).latents
                       : *session.keys.find(drawn_at(task, strength));
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

/// The styled end of a task's path.
Task end_of(const Task& task) {
  return drawn_at(task, end_strength(task.turn));
}

/// Whether the model sees nothing of the style.
bool shows_nothing(Work& work, const Task& task) {
  Session& session = work.session;
  const Task end = end_of(task);
  if (session.changes.find(end) == nullptr)
    session.changes.keep(end, seen_change(session, end, work.notices));
  return *session.changes.find(end) < kLeastVisibleChange;
}

/// `turn` is what it was drawn by.
void finish(Work& work, std::size_t i, Turn turn, const Tensor& latents) {
  const Task& task = work.batch.tasks[i];
  Drawn drawn{.latents = latents, .turn = std::move(turn), .notices = {}, .shows = task.turn.position};
  if (task.turn.position == 0) return finish_drawn(work, i, std::move(drawn));
  if (shows_nothing(work, task)) {
    drawn.notices.push_back(nothing_shown_notice(task.turn, *work.session.model));
    drawn.shows = std::nullopt;
  } else if (std::string notice = calibration_notice(task.turn, task.content.guidance.scale);
             !notice.empty()) {
    drawn.notices.push_back(std::move(notice));
  }
  finish_drawn(work, i, std::move(drawn));
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
    const Turn turn = *strength == 0 ? Turn{} : drawn_at(task, *strength).turn;
    finish(work, i, turn, latents_at(work.session, task, *strength));
  }
}

/// A picture on a path before its first step.
Denoising start_on_path(Work& work, const Task& picture) {
  Session& session = work.session;
  Denoising run =
      start(session, picture.content,
            condition(session, picture.content, picture.turn, style_mask(session, picture), work.notices));
  run.reuse = reuse_of(picture.content, work.batch);
  if (const auto* layout = session.layouts.find(picture.content)) run.layout_from = *layout;
  return run;
}

/// Draws pictures of paths, by their strengths, and tells which of the batch's pictures each is: `shown`
/// gives that one's place, or none where it is not among them.
std::vector<Tensor> draw(Work& work, std::span<const Task> pictures,
                         const std::function<std::size_t(std::size_t picture)>& shown) {
  Session& session = work.session;
  std::vector<Denoising> runs;
  for (const Task& picture : pictures) runs.push_back(start_on_path(work, picture));
  const auto finished_latents = [&](std::size_t k, const Tensor& latents) {
    return within_mask(session.finished(pictures[k].content).latents, latents,
                       style_mask(session, pictures[k]));
  };
  const auto look = [&](const CleanLatents& clean) {
    work.observer.step();
    for (std::size_t k = 0; k < pictures.size(); ++k)
      if (const std::size_t i = shown(k); i < work.batch.tasks.size() && work.observer.wants_preview(i))
        work.observer.show(i, session.model->picture_of(finished_latents(k, clean(k))));
  };
  denoise(session.denoiser, runs, work.batch.sampler->evaluations(), look, work.observer.stop(), kLayout);
  std::vector<Tensor> made;
  for (std::size_t k = 0; k < pictures.size(); ++k) made.push_back(finished_latents(k, runs[k].latents));
  return made;
}

void draw_keys(Work& work, std::span<const Task> keys) {
  const auto& tasks = work.batch.tasks;
  const auto shown = [&](std::size_t k) {
    const auto found = std::ranges::find_if(tasks, [&](const Task& task) {
      const auto strength = key_strength(task.turn);
      return strength && *strength != 0 && drawn_at(task, *strength) == keys[k];
    });
    return static_cast<std::size_t>(found - tasks.begin());
  };
  const auto made = draw(work, keys, shown);
  for (std::size_t k = 0; k < keys.size(); ++k) work.session.keys.keep(keys[k], made[k]);
  finish_keys(work);
}

void draw_in_batches(Work& work, std::span<const Task> keys, std::size_t at_once) {
  for (; !keys.empty(); keys = keys.subspan(std::min(at_once, keys.size())))
    draw_keys(work, keys.first(std::min(at_once, keys.size())));
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

bool knows_path(const Session& session, const Task& end) {
  for (const double strength : {middle_strength(end.turn), end_strength(end.turn)})
    if (session.keys.find(drawn_at(end, strength)) == nullptr) return false;
  const double* widest = session.widest.find(end);
  return widest != nullptr && session.keys.find(drawn_at(end, *widest)) != nullptr;
}

void FindLayouts::run(Work& work) const {
  Session& session = work.session;
  for (std::span<const Content> rest = pictures; !rest.empty();
       rest = rest.subspan(std::min(at_once, rest.size()))) {
    std::vector<Denoising> runs;
    std::vector<std::shared_ptr<Layouts>> layouts;
    for (const Content& content : rest.first(std::min(at_once, rest.size()))) {
      Denoising& run =
          runs.emplace_back(start(session, content, condition(session, content, {}, {}, work.notices)));
      run.reuse = reuse_of(content, work.batch);
      run.layout_to = layouts.emplace_back(std::make_shared<Layouts>());
    }
    denoise(
        session.denoiser, runs, layout_end(work.batch), [&](const CleanLatents&) { work.observer.step(); },
        work.observer.stop(), kLayout);
    for (std::size_t k = 0; k < layouts.size(); ++k) session.layouts.keep(rest[k], layouts[k]);
  }
}

int FindLayouts::steps(const Batch& batch) const {
  return batches_of(pictures.size(), at_once) * (layout_end(batch) - batch.first);
}

void DrawKeys::run(Work& work) const {
  finish_keys(work);  // The plain picture, before the others are begun.
  draw_in_batches(work, keys, at_once);
}

int DrawKeys::steps(const Batch& batch) const {
  return batches_of(keys.size(), at_once) * steps_of(batch);
}

void DrawWidestKeys::run(Work& work) const {
  std::vector<Task> keys;
  for (const Task& path : paths) {
    const double widest = coarse_path(work.session, path).widest();
    work.session.widest.keep(path, widest);
    Task key = drawn_at(path, widest);
    if (work.session.keys.find(key) == nullptr) keys.push_back(std::move(key));
  }
  draw_in_batches(work, keys, at_once);
}

int DrawWidestKeys::steps(const Batch& batch) const {
  return batches_of(paths.size(), at_once) * steps_of(batch);
}

void DrawBetween::run(Work& work) {
  finish_keys(work);
  std::vector<std::size_t> places;
  std::vector<Task> between;
  for (std::size_t i = 0; i < work.batch.tasks.size(); ++i) {
    if (work.finished[i]) continue;
    const Task& task = work.batch.tasks[i];
    places.push_back(i);
    between.push_back(
        drawn_at(task, known_path(work.session, task).strength_at(std::abs(task.turn.position))));
  }
  if (between.empty()) return;
  const auto made = draw(work, between, [&](std::size_t k) { return places[k]; });
  for (std::size_t k = 0; k < made.size(); ++k) finish(work, places[k], between[k].turn, made[k]);
}

int DrawBetween::steps(const Batch& batch) const {
  return pictures == 0 ? 0 : steps_of(batch);
}

}  // namespace latentdial::detail
