#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "session/stage.h"
#include "task/dial_range.h"

namespace latentdial::detail {
namespace {

template <class Made, class Key>
bool is_in(const Stage& stage, std::vector<Key> Made::*list, const Key& key) {
  const auto* made = std::get_if<Made>(&stage);
  return made != nullptr && std::ranges::find(made->*list, key) != (made->*list).end();
}

/// Whether one of the stages has `key` in one of these lists, of what it makes.
template <class Key, class... Made>
bool is_planned(const Key& key, const std::vector<Stage>& stages, std::vector<Key> Made::*... lists) {
  return std::ranges::any_of(stages, [&](const Stage& stage) { return (is_in(stage, lists, key) || ...); });
}

/// Adds `key` where neither it nor a result of it is known, nor a stage planned so far makes one.
template <class Key, class Known, class... Made>
void add_missing(std::vector<Key>& missing, Key key, const Known& known, const std::vector<Stage>& stages,
                 std::vector<Key> Made::*... lists) {
  if (known.find(key) == nullptr && std::ranges::find(missing, key) == missing.end() &&
      !is_planned(key, stages, lists...))
    missing.push_back(std::move(key));
}

void plan_inversions(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  std::vector<Content> missing;
  for (const Task& task : batch.tasks) {
    if (!task.content.source.inverted) continue;
    for (Content& end : inverted_ends(task.content))
      add_missing(missing, std::move(end), session.inverted, stages, &Invert::pictures);
  }
  if (!missing.empty()) stages.emplace_back(Invert{std::move(missing), batch.tasks.size()});
}

/// Parts that words say.
void plan_parts(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  std::vector<ShownWords> parts;
  for (const Task& task : batch.tasks) {
    const Source& source = task.content.source;
    if (source.part && !source.part->mask)
      add_missing(parts, shown_words_of(source), session.shown_words, stages, &FindParts::parts);
  }
  if (!parts.empty()) stages.emplace_back(FindParts{std::move(parts)});
}

/// Masks of words, with the plain pictures that they are looked for in.
void plan_words(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  std::vector<WordMaskKey> masks;
  for (const Task& task : batch.tasks) {
    const std::string& words = task.turn.area.words;
    if (!words.empty())
      add_missing(masks, WordMaskKey{task.content, words}, session.word_masks, stages, &FindWords::masks);
  }
  if (masks.empty()) return;
  std::vector<TrunkKey> pictures;
  for (const WordMaskKey& mask : masks)
    add_missing(pictures, TrunkKey{{mask.content, {}}, batch.sampler->evaluations()}, session.trunks, stages,
                &MakeTrunks::trunks);
  if (!pictures.empty()) stages.emplace_back(MakeTrunks{std::move(pictures)});
  stages.emplace_back(FindWords{std::move(masks)});
}

void plan_trunks(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  std::vector<TrunkKey> missing;
  for (const Task& task : batch.tasks) {
    add_missing(missing, TrunkKey{{task.content, task.turn.shared()}, batch.fork}, session.trunks, stages,
                &MakeTrunks::trunks);
  }
  if (!missing.empty()) stages.emplace_back(MakeTrunks{std::move(missing)});
}

void plan_edits(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  std::vector<Task> plain, changed;
  for (const Task& task : batch.tasks) {
    Task picture = edited(task);
    auto& missing = picture.turn.method == nullptr ? plain : changed;
    add_missing(missing, std::move(picture), session.edited, stages, &DecodeTrunks::pictures,
                &Edit::pictures);
  }
  if (!plain.empty()) stages.emplace_back(DecodeTrunks{std::move(plain)});
  if (!changed.empty()) stages.emplace_back(Edit{std::move(changed)});
}

/// Layouts that what is drawn on the batch's paths takes. An inversion's noise and corrections hold its
/// scene.
void plan_layouts(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  std::vector<Content> missing;
  for (const Task& task : batch.tasks)
    if (task.turn.position != 0 && !task.content.source.inverted)
      add_missing(missing, task.content, session.layouts, stages, &FindLayouts::pictures);
  if (!missing.empty()) stages.emplace_back(FindLayouts{std::move(missing), batch.tasks.size()});
}

/// Dials that follow a path.
void plan_paths(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  const std::size_t at_once = batch.tasks.size();
  std::vector<Task> keys, paths;
  for (Task& key : key_pictures(batch))
    add_missing(keys, std::move(key), session.keys, stages, &DrawKeys::keys);
  std::size_t between = 0;
  for (Task path : batch.tasks) {
    if (!key_strength(path.turn)) ++between;
    if (!lies_on_path(path.turn)) continue;
    path.turn.position = path.turn.position < 0 ? -1 : 1;
    if (!knows_path(session, path) && !is_planned(path, stages, &DrawWidestKeys::paths) &&
        std::ranges::find(paths, path) == paths.end())
      paths.push_back(std::move(path));
  }
  if (!keys.empty()) stages.emplace_back(DrawKeys{std::move(keys), at_once});
  if (!paths.empty()) stages.emplace_back(DrawWidestKeys{std::move(paths), at_once});
  stages.emplace_back(DrawBetween{between});
}

void plan_first_pass(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  if (batch.tasks.front().content.source.restoration) return (void)stages.emplace_back(Restore{});
  plan_parts(session, batch, stages);
  plan_inversions(session, batch, stages);
  plan_words(session, batch, stages);
  plan_trunks(session, batch, stages);
  if (batch.tasks.front().turn.follows_path()) {
    plan_layouts(session, batch, stages);
    return plan_paths(session, batch, stages);
  }
  if (!batch.tasks.front().turn.edits()) {
    stages.emplace_back(DenoiseForks{});
  } else {
    plan_edits(session, batch, stages);
    stages.emplace_back(FinishEdits{});
  }
}

DrawLarger plan_second_pass(const Model& model, const Batch& batch) {
  const SecondPass& pass = *batch.second_pass;
  Sampling sampling = batch.tasks.front().content.sampling;
  sampling.steps = pass.steps;
  const auto sampler = make_sampler(sampling, model.schedule);
  return {.pictures = batch.tasks.size(),
          .at_once = most_at_once(model, pass.width, pass.height),
          .steps_of_picture =
              sampler->evaluations() - sampler->first_evaluation(static_cast<float>(pass.strength))};
}

}  // namespace

std::vector<Content> inverted_ends(const Content& content) {
  const Content from = {.words = content.words,
                        .guidance = content.guidance,
                        .sampling = content.sampling,
                        .source = content.source};
  if (!content.to.image) return {from};
  Content to = from;
  to.source.image = content.to.image;
  if (content.to.reference) to.source.reference->seen = *content.to.reference;
  if (!content.to.prompt.empty()) to.words.prompt = content.to.prompt;
  return {from, to};
}

Task edited(const Task& task) {
  if (task.turn.position == 0) return {task.content, {}};
  Task result = task;
  result.turn.window.start = task.turn.recipe.start;
  return result;
}

int first_of_edit(const Task& task, const Sampler& sampler) {
  return sampler.evaluation_at(first_evaluation(task.content.source, sampler), task.turn.recipe.start);
}

Batch make_batch(std::vector<Task> tasks, const NoiseSchedule& schedule,
                 std::optional<SecondPass> second_pass) {
  Batch batch;
  batch.tasks = std::move(tasks);
  const Task& first = batch.tasks.front();
  batch.sampler = make_sampler(first.content.sampling, schedule);
  batch.first = first_evaluation(first.content.source, *batch.sampler);
  batch.fork = fork_evaluation(first, *batch.sampler);
  batch.second_pass = std::move(second_pass);
  return batch;
}

std::size_t most_at_once(const Model& model, int width, int height) {
  const auto scale = static_cast<int>(model.vae_config.downscale());
  const std::int64_t pixels = std::int64_t{width / scale} * (height / scale);
  return static_cast<std::size_t>(std::max<std::int64_t>(1, kMostLatentPixels / pixels));
}

void plan_stages(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  plan_first_pass(session, batch, stages);
  if (batch.second_pass) stages.emplace_back(plan_second_pass(*session.model, batch));
}

}  // namespace latentdial::detail
