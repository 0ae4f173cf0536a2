#include "session/generate.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "latentdial/parameters.h"
#include "session/stage.h"

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

}  // namespace

std::size_t batch_size(const Session& session, std::span<const Resolved> list) {
  const Model& model = *session.model;
  const Task& first = list.front().task;
  const Sampling& sampling = first.content.sampling;
  const auto scale = static_cast<int>(model.vae_config.downscale());
  const std::int64_t pixels = std::int64_t{sampling.width / scale} * (sampling.height / scale);
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(1, kMostLatentPixels / pixels));
  const auto sampler = make_sampler(sampling, model.schedule);
  const auto together = [&](const Resolved& other) {
    return same_schedule(first.content, other.task.content) &&
           fork_evaluation(first, *sampler) == fork_evaluation(other.task, *sampler) &&
           edit_together(first, other.task, model);
  };
  const auto near = list.subspan(1, std::min(most, list.size()) - 1);
  return 1 + static_cast<std::size_t>(std::ranges::find_if_not(near, together) - near.begin());
}

void generate(Session& session, std::span<const Resolved> list, std::size_t begin,
              const OnPicture& on_picture, const Observer& observer) {
  const auto started = std::chrono::steady_clock::now();
  std::vector<Task> tasks;
  for (const Resolved& one : list) tasks.push_back(one.task);
  std::vector<std::vector<std::string>> notices;
  const Batch batch = make_batch(std::move(tasks), session.model->schedule, notices);
  const auto stages = plan_stages(session, batch);
  StepProgress progress{.step = 0, .steps = 0, .pictures = static_cast<int>(list.size())};
  for (const Stage& stage : stages)
    progress.steps += std::visit([&](const auto& one) { return one.steps(batch); }, stage);
  BatchObserver batch_observer(observer, progress, begin);
  Work work{session, batch, batch_observer};
  for (const Stage& stage : stages) std::visit([&](const auto& one) { one.run(work); }, stage);
  session.trim();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  for (std::size_t i = 0; i < list.size(); ++i) {
    Picture picture;
    picture.image = std::move(work.images[i]);
    picture.settings = list[i].request.settings;
    picture.parameters = to_parameters(list[i].request, session.model->info);
    picture.notices = std::move(notices[i]);
    picture.notices.insert(picture.notices.end(), work.notices.begin(), work.notices.end());
    picture.seconds = seconds.count() / static_cast<double>(list.size());
    on_picture(begin + i, std::move(picture));
  }
}

}  // namespace latentdial::detail
