#include "session/generate.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "latentdial/parameters.h"
#include "session/plan.h"

namespace latentdial::detail {
namespace {

// Latent pixels that are denoised in one batch: one picture of 512x512, or sixteen of 128x128.
constexpr std::int64_t kMostLatentPixels = 64 * 64;

/// Whether two pictures can be at one point of one schedule.
bool same_schedule(const Content& a, const Content& b) {
  return a.sampling == b.sampling && a.source.image.has_value() == b.source.image.has_value() &&
         a.source.strength == b.source.strength && a.source.inverted == b.source.inverted;
}

/// The most windows that a task's prompts take.
std::size_t windows_of(const Task& task, const TextReader& reader) {
  const auto& [words, per_token, to, guidance, sampling, source] = task.content;
  const std::string suffix = ", " + task.turn.style;
  return std::max({reader.windows(joined(words.prompt, suffix), words.syntax),
                   reader.windows(joined(to.prompt, suffix), words.syntax),
                   reader.windows(words.negative_prompt, words.syntax)});
}

/// Whether finished pictures are edited alike, in one batch, or both not at all.
bool edit_together(const Task& a, const Task& b, const Model& model) {
  if (!a.turn.edits() || !b.turn.edits()) return a.turn.edits() == b.turn.edits();
  std::vector<std::string> ignored;
  const EditPlan left = plan_edit(a, model.schedule, ignored), right = plan_edit(b, model.schedule, ignored);
  if (left.recipe != right.recipe || left.first != right.first) return false;
  const bool same_prompts = a.content.words == b.content.words &&
                            a.content.to.prompt == b.content.to.prompt && a.turn.style == b.turn.style;
  // Prompts of several lengths would be repeated to the length that they have in common.
  return same_prompts || (windows_of(a, model.texts) == 1 && windows_of(b, model.texts) == 1);
}

/// An observer of a batch that begins at a place in a list.
Observer of_batch(const Observer& observer, std::size_t begin) {
  Observer result = observer;
  if (!observer.wants_preview || !observer.on_preview) return result;
  result.wants_preview = [&observer, begin](const StepProgress& step, std::size_t picture) {
    return observer.wants_preview(step, begin + picture);
  };
  result.on_preview = [&observer, begin](Preview preview) {
    preview.picture += begin;
    observer.on_preview(std::move(preview));
  };
  return result;
}

std::vector<Image> make_images(Session& session, std::vector<Task> tasks,
                               std::vector<std::vector<std::string>>& notices, const Observer& observer) {
  const NoiseSchedule& schedule = session.model->schedule;
  const Batch batch = make_batch(std::move(tasks), schedule, notices);
  const auto stages = plan_stages(session, batch);
  StepProgress progress{.step = 0, .steps = 0, .pictures = static_cast<int>(batch.tasks.size())};
  for (const Stage& stage : stages) progress.steps += steps_of(stage, batch, schedule);
  BatchObserver batch_observer(observer, progress);
  std::vector<std::string> shared_notices;
  std::vector<Image> images;
  Work work{session, batch, batch_observer, shared_notices, images};
  for (const Stage& stage : stages) run(stage, work);
  for (auto& own : notices) own.insert(own.end(), shared_notices.begin(), shared_notices.end());
  session.trim();
  return images;
}

}  // namespace

std::size_t batch_end(const Session& session, const std::vector<Resolved>& list, std::size_t begin) {
  const Model& model = *session.model;
  const Task& first = list[begin].task;
  const Sampling& sampling = first.content.sampling;
  const auto scale = static_cast<int>(model.vae_config.downscale());
  const std::int64_t pixels = std::int64_t{sampling.width / scale} * (sampling.height / scale);
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(1, kMostLatentPixels / pixels));
  const auto sampler = make_sampler(sampling, model.schedule);
  std::size_t end = begin + 1;
  while (end < list.size() && end - begin < most && same_schedule(first.content, list[end].task.content) &&
         fork_evaluation(first, *sampler) == fork_evaluation(list[end].task, *sampler) &&
         edit_together(first, list[end].task, model)) {
    ++end;
  }
  return end;
}

void generate(Session& session, const std::vector<Resolved>& list, std::size_t begin, std::size_t end,
              const OnPicture& on_picture, const Observer& observer) {
  const auto started = std::chrono::steady_clock::now();
  std::vector<Task> tasks;
  for (std::size_t i = begin; i < end; ++i) tasks.push_back(list[i].task);
  std::vector<std::vector<std::string>> notices;
  auto images = make_images(session, std::move(tasks), notices, of_batch(observer, begin));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  for (std::size_t i = begin; i < end; ++i) {
    Picture picture;
    picture.image = std::move(images[i - begin]);
    picture.settings = list[i].request.settings;
    picture.parameters = to_parameters(list[i].request, session.model->info);
    picture.notices = std::move(notices[i - begin]);
    picture.seconds = seconds.count() / static_cast<double>(end - begin);
    on_picture(i, std::move(picture));
  }
}

}  // namespace latentdial::detail
