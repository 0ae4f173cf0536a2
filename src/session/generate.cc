#include "session/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>

#include "latentdial/parameters.h"
#include "session/stage.h"
#include "task/cut_out.h"
#include "task/pasting.h"
#include "tensor/stop_scope.h"

namespace latentdial::detail {
namespace {

// Of earlier batches, whose results are looked for when a later one is planned.
constexpr std::ptrdiff_t kMostStages = 32;

/// Whether two pictures can be at one point of one schedule.
bool same_schedule(const Content& a, const Content& b) {
  return a.sampling == b.sampling && a.source.image.has_value() == b.source.image.has_value() &&
         a.source.strength == b.source.strength && a.source.inverted == b.source.inverted &&
         a.source.restoration.has_value() == b.source.restoration.has_value() &&
         looks_at_step(a.source) == looks_at_step(b.source);
}

/// The most windows that a task's prompts take.
std::size_t windows_of(const Task& task, const TextReader& reader) {
  const auto& [words, per_token, to, guidance, sampling, source] = task.content;
  const Around style = task.turn.around();
  return std::max({reader.windows(joined(words.prompt, style), words.syntax),
                   reader.windows(joined(to.prompt, style), words.syntax),
                   reader.windows(words.negative_prompt, words.syntax)});
}

/// Whether finished pictures are edited alike, in one batch, or both not at all; and so the drawing of paths.
bool edit_together(const Task& a, const Task& b, const Model& model) {
  if (a.turn.edits() != b.turn.edits() || a.turn.follows_path() != b.turn.follows_path()) return false;
  // Each strength of a LoRA on a path is a model of its own, of which one at a time is loaded.
  if (a.turn.lora != b.turn.lora || (a.turn.lora && a.turn.follows_path())) return false;
  if (!a.turn.edits() && !a.turn.follows_path()) return true;
  if (a.turn.edits() && a.turn.recipe != b.turn.recipe) return false;
  const bool same_prompts = a.content.words == b.content.words &&
                            a.content.to.prompt == b.content.to.prompt && a.turn.style == b.turn.style;
  // Prompts of several lengths would be repeated to the length that they have in common.
  return same_prompts || (windows_of(a, model.texts) == 1 && windows_of(b, model.texts) == 1);
}

Batch batch_of(std::span<const Resolved> list, const Model& model) {
  std::vector<Task> tasks;
  for (const Resolved& one : list) tasks.push_back(one.task);
  return make_batch(std::move(tasks), model.schedule, list.front().second_pass);
}

/// The picture that was asked for: what was drawn, laid into the start image where only a part of that is
/// redrawn, and without what was repeated beyond the edge of a small one.
Image finished_image(const Session& session, const Source& source, Image drawn) {
  if (const auto& enlargement = source.enlargement) {
    const int width = enlargement->width, height = enlargement->height;
    return resized(drawn, {0, 0, width, height}, width, height);
  }
  if (!source.part) return drawn;
  const RedrawnPart part = redrawn_part(session, source);
  if (part.cut_out) return laid_back(drawn, *part.cut_out);
  return pasted(source.image->image(), drawn, part.mask->image(), part.blur);
}

int steps_of(const Stage& stage, const Batch& batch) {
  return std::visit([&](const auto& one) { return one.steps(batch); }, stage);
}

std::size_t evaluations_per_step(const Stage& stage, const Batch& batch) {
  return std::visit([&](const auto& one) { return one.evaluations(batch); }, stage);
}

std::int64_t evaluations_of(std::span<const Stage> stages, const Batch& batch) {
  std::int64_t sum = 0;
  for (const Stage& stage : stages)
    sum += steps_of(stage, batch) * static_cast<std::int64_t>(evaluations_per_step(stage, batch));
  return sum;
}

/// The progress before the first step of a batch, whose evaluations are added to those done.
StepProgress begin_progress(std::span<const Stage> stages, const Batch& batch, Evaluations& evaluations) {
  StepProgress progress{.step = 0, .steps = 0, .pictures = static_cast<int>(batch.tasks.size())};
  for (const Stage& stage : stages) progress.steps += steps_of(stage, batch);
  progress.evaluations = evaluations.done;
  evaluations.done += evaluations_of(stages, batch);
  progress.all_evaluations = evaluations.done + evaluations.to_come;
  return progress;
}

/// How many of a list, from its first on, are made in one batch; the list is not empty.
std::size_t batch_size(const Session& session, std::span<const Resolved> list) {
  const Model& model = *session.model;
  const Task& first = list.front().task;
  const Sampling& sampling = first.content.sampling;
  const std::size_t most = most_at_once(model, sampling.width, sampling.height);
  const auto sampler = make_sampler(sampling, model.schedule);
  const auto together = [&](const Resolved& other) {
    return same_schedule(first.content, other.task.content) &&
           list.front().second_pass == other.second_pass &&
           fork_evaluation(first, *sampler) == fork_evaluation(other.task, *sampler) &&
           edit_together(first, other.task, model);
  };
  const auto near = list.subspan(1, std::min(most, list.size()) - 1);
  return 1 + static_cast<std::size_t>(std::ranges::find_if_not(near, together) - near.begin());
}

}  // namespace

std::vector<PlannedBatch> plan_batches(const Session& session, std::span<const Resolved> list) {
  std::vector<PlannedBatch> batches;
  std::vector<Stage> stages;
  while (!list.empty()) {
    const std::size_t size = batch_size(session, list);
    const Batch batch = batch_of(list.first(size), *session.model);
    const std::size_t planned = stages.size();
    plan_stages(session, batch, stages);
    batches.push_back({size, evaluations_of(std::span(stages).subspan(planned), batch)});
    // A session remembers no more, and a long list would be compared with itself.
    if (std::ssize(stages) > kMostStages) stages.erase(stages.begin(), stages.end() - kMostStages);
    list = list.subspan(size);
  }
  return batches;
}

void generate(Session& session, std::span<const Resolved> list, std::size_t begin, Evaluations& evaluations,
              const OnPicture& on_picture, const Observer& observer) {
  const StopScope stop(observer.stop);
  const auto started = std::chrono::steady_clock::now();
  const Batch batch = batch_of(list, *session.model);
  std::vector<Stage> stages;
  plan_stages(session, batch, stages);
  BatchObserver batch_observer(observer, begin_progress(stages, batch, evaluations), begin);
  Work work{session, batch, batch_observer};
  work.finish = [&](std::size_t i, Finished finished) {
    const Resolved& one = list[i];
    const Source& source = one.task.content.source;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    std::vector<std::string>& all = finished.notices;
    for (const auto& more : {one.notices, work.notices}) all.insert(all.end(), more.begin(), more.end());
    Picture picture;
    picture.image = finished_image(session, source, std::move(finished.image));
    picture.shows = finished.shows;
    picture.settings = one.request.settings;
    picture.parameters = to_parameters(one.request, session.model->info);
    picture.notices = std::move(all);
    picture.seconds = seconds.count() / static_cast<double>(list.size());
    on_picture(begin + i, std::move(picture));
  };
  for (const Stage& stage : stages) {
    batch_observer.begin_stage(evaluations_per_step(stage, batch));
    std::visit([&](const auto& one) { one.run(work); }, stage);
  }
  session.trim();
}

}  // namespace latentdial::detail
