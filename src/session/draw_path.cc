#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

#include "dial/slerp.h"
#include "dial/style_path.h"
#include "session/conditions.h"
#include "session/stage.h"
#include "session/start.h"
#include "session/visible_change.h"
#include "task/dial_notices.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// The share of a run that a position between key pictures has in common with them: at this noise a scene is
/// laid out, and what is laid over another is not seen yet.
constexpr double kJoinAt = 0.85;

int join_evaluation(const Batch& batch) {
  return batch.sampler->evaluation_at(batch.first, kJoinAt);
}

/// A picture on a path, drawn at a strength; the plain one has no turn.
Task drawn_at(const Task& task, double strength) {
  if (strength == 0) return {task.content, {}};
  Task result = task;
  result.turn.position = strength;
  return result;
}

double end_of(const Task& task) {
  return task.turn.position < 0 ? -1 : 1;
}

bool is_end(const Task& task) {
  return task.turn.position == 0 || std::abs(task.turn.position) == 1;
}

double distance(const Tensor& a, const Tensor& b) {
  const Tensor difference = linear_combination({{1, a}, {-1, b}});
  return std::sqrt(dot(difference.values(), difference.values()));
}

/// A path as its key pictures tell it, and the strengths of those.
struct KnownPath {
  std::vector<double> strengths;
  StylePath path;
};

/// These key pictures must be known.
KnownPath measure(const Session& session, const Task& task, std::vector<double> strengths) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < strengths.size(); ++i)
    steps.push_back(distance(session.keys.find(drawn_at(task, strengths[i - 1]))->latents,
                             session.keys.find(drawn_at(task, strengths[i]))->latents));
  return {strengths, StylePath(strengths, steps)};
}

/// By the first three key pictures.
KnownPath coarse_path(const Session& session, const Task& task) {
  const double end = end_of(task);
  return measure(session, task, {0, end / 2, end});
}

/// By all of them.
KnownPath known_path(const Session& session, const Task& task) {
  auto [strengths, path] = coarse_path(session, task);
  strengths.push_back(path.widest());
  std::ranges::sort(strengths, {}, [](double strength) { return std::abs(strength); });
  return measure(session, task, std::move(strengths));
}

void draw(Work& work, std::span<const Task> keys) {
  Session& session = work.session;
  std::vector<Denoising> runs;
  for (const Task& key : keys)
    runs.push_back(start(session, key.content,
                         condition(session, key.content, key.turn, style_mask(session, key), work.notices)));
  const auto look = [&](const CleanLatents& clean) {
    work.observer.step();
    for (std::size_t i = 0; i < work.batch.tasks.size(); ++i) {
      const Task& task = work.batch.tasks[i];
      const auto run = std::ranges::find(keys, drawn_at(task, task.turn.position)) - keys.begin();
      if (is_end(task) && run < std::ssize(keys) && work.observer.wants_preview(i))
        work.observer.show(i, session.model->picture_of(clean(static_cast<std::size_t>(run))));
    }
  };
  denoise(session.denoiser, runs, join_evaluation(work.batch), look, work.observer.stop());
  std::vector<Denoising> joined;
  for (const Denoising& run : runs) joined.push_back(run.fork(run.conditioning));
  denoise(session.denoiser, runs, work.batch.sampler->evaluations(), look, work.observer.stop());
  for (std::size_t i = 0; i < runs.size(); ++i)
    session.keys.keep(keys[i], {std::move(joined[i]), std::move(runs[i].latents)});
}

void draw_in_batches(Work& work, std::span<const Task> keys, std::size_t at_once) {
  for (; !keys.empty(); keys = keys.subspan(std::min(at_once, keys.size())))
    draw(work, keys.first(std::min(at_once, keys.size())));
}

/// Whether the styled end looks like the plain picture; false where the end is not known.
bool shows_nothing(const Session& session, const Task& task) {
  const KeyPicture *plain = session.keys.find(drawn_at(task, 0)),
                   *styled = session.keys.find(drawn_at(task, end_of(task)));
  return styled != nullptr &&
         visible_change(plain->latents, styled->latents, style_mask(session, task)) < kLeastVisibleChange;
}

void finish(Work& work, std::size_t i, const Tensor& latents) {
  const Task& task = work.batch.tasks[i];
  const bool nothing = task.turn.position != 0 && shows_nothing(work.session, task);
  Finished finished{
      .image = work.session.model->picture_of(latents), .notices = {}, .shows = task.turn.position};
  if (nothing) {
    finished.notices.push_back(nothing_shown_notice(task.turn.style, *work.session.model));
    finished.shows = std::nullopt;
  }
  work.finish(i, std::move(finished));
}

void finish_ends(Work& work) {
  work.finished.resize(work.batch.tasks.size());
  for (std::size_t i = 0; i < work.batch.tasks.size(); ++i) {
    const Task& task = work.batch.tasks[i];
    const KeyPicture* key = work.session.keys.find(drawn_at(task, task.turn.position));
    const bool compared = task.turn.position == 0 || work.session.keys.find(drawn_at(task, 0)) != nullptr;
    if (work.finished[i] || !is_end(task) || key == nullptr || !compared) continue;
    work.finished[i] = true;
    finish(work, i, key->latents);
  }
}

/// Between the key pictures on either side, from where they part.
Denoising between(Work& work, const Task& task) {
  Session& session = work.session;
  const auto [strengths, path] = known_path(session, task);
  const auto [below, above, share] = path.around(std::abs(task.turn.position));
  Turn turn = task.turn;
  turn.method = &find_dial_method("guide");  // So few steps cannot take the prompts in turn.
  turn.position = path.strength_at(std::abs(task.turn.position));
  const Denoising& from = session.keys.find(drawn_at(task, strengths[below]))->joined;
  const Denoising& to = session.keys.find(drawn_at(task, strengths[above]))->joined;
  Denoising run = from.fork(condition(session, task.content, turn, style_mask(session, task), work.notices));
  run.latents = lerp(from.latents, to.latents, share);
  run.sampler->restart();
  return run;
}

}  // namespace

std::vector<Task> key_pictures(const Batch& batch) {
  std::vector<Task> keys;
  const auto add = [&](Task key) {
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(std::move(key));
  };
  for (const Task& task : batch.tasks) {
    add(drawn_at(task, 0));
    if (task.turn.position != 0) add(drawn_at(task, end_of(task)));
  }
  for (const Task& task : batch.tasks)
    if (const auto end = path_end(task)) add(drawn_at(*end, end->turn.position / 2));
  return keys;
}

std::optional<Task> path_end(const Task& task) {
  if (is_end(task)) return std::nullopt;
  return drawn_at(task, end_of(task));
}

bool knows_path(const Session& session, const Task& end) {
  for (const double strength : {0.0, end_of(end) / 2, end_of(end)})
    if (session.keys.find(drawn_at(end, strength)) == nullptr) return false;
  return session.keys.find(drawn_at(end, coarse_path(session, end).path.widest())) != nullptr;
}

void DrawKeys::run(Work& work) const {
  draw_in_batches(work, keys, at_once);
  finish_ends(work);
}

int DrawKeys::steps(const Batch& batch) const {
  return batches_of(keys.size(), at_once) * (batch.sampler->evaluations() - batch.first);
}

void DrawWidestKeys::run(Work& work) const {
  std::vector<Task> keys;
  for (const Task& end : ends) {
    Task key = drawn_at(end, coarse_path(work.session, end).path.widest());
    if (work.session.keys.find(key) == nullptr) keys.push_back(std::move(key));
  }
  draw_in_batches(work, keys, at_once);
}

int DrawWidestKeys::steps(const Batch& batch) const {
  return batches_of(ends.size(), at_once) * (batch.sampler->evaluations() - batch.first);
}

void DrawBetween::run(Work& work) {
  finish_ends(work);
  std::vector<std::size_t> places;
  std::vector<Denoising> runs;
  for (std::size_t i = 0; i < work.batch.tasks.size(); ++i) {
    if (work.finished[i]) continue;
    places.push_back(i);
    runs.push_back(between(work, work.batch.tasks[i]));
  }
  const auto look = [&](const CleanLatents& clean) {
    work.observer.step();
    for (std::size_t r = 0; r < runs.size(); ++r)
      if (work.observer.wants_preview(places[r]))
        work.observer.show(places[r], work.session.model->picture_of(clean(r)));
  };
  denoise(work.session.denoiser, runs, work.batch.sampler->evaluations(), look, work.observer.stop());
  for (std::size_t r = 0; r < runs.size(); ++r) finish(work, places[r], runs[r].latents);
}

int DrawBetween::steps(const Batch& batch) const {
  return pictures == 0 ? 0 : batch.sampler->evaluations() - join_evaluation(batch);
}

}  // namespace latentdial::detail
