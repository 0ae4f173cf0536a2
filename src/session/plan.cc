#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "dial/style_words.h"
#include "session/stage.h"

namespace latentdial::detail {
namespace {

/// The finished picture of a task, edited at a strength; 0: as it is.
Task edited(const Task& task, const EditRecipe& recipe, double strength) {
  if (strength == 0) return {task.content, {}};
  return {task.content,
          {.method = task.turn.method->own_edit ? task.turn.method : &find_dial_method("anchored"),
           .style = task.turn.style,
           .position = strength,
           .window = {recipe.start, task.turn.window.end},
           .recipe = recipe,
           .area = task.turn.area}};
}

/// How far a dial goes to either side, and why no farther.
struct Range {
  double low = -1, high = 1;
  std::string beyond_low, beyond_high;
};

Range range_of(const Turn& turn) {
  if (!turn.dial) return {-1, 1, "the path ends there", "the path ends there"};
  const Dial& dial = *turn.dial;
  return {dial.low(), dial.high(), dial.weaken.reason, dial.strengthen.reason};
}

/// The position of a task held within its dial's range, with a notice that says so and why the range ends
/// there. Below 0 there is something only where the prompt names the style.
double held_position(const Task& task, std::vector<std::string>& notices) {
  const Turn& turn = task.turn;
  const auto [low, high, beyond_low, beyond_high] = range_of(turn);
  const std::string prompt = task.content.to.prompt.empty() ? task.content.words.prompt : "";
  const bool names_style = without_style(prompt, turn.style).has_value();
  const double held = std::clamp(turn.position, names_style ? low : 0, high);
  if (held == turn.position) return held;
  const std::string reason = turn.position > held ? beyond_high
                             : names_style
                                 ? beyond_low
                                 : "the prompt does not name the style, so nothing can be taken away";
  notices.push_back(
      fmt::format("position {} is outside of the dial's range, {} is used: {}", turn.position, held, reason));
  return held;
}

template <class Made, class Key>
bool is_in(const Stage& stage, std::vector<Key> Made::*list, const Key& key) {
  const auto* made = std::get_if<Made>(&stage);
  return made != nullptr && std::ranges::find(made->*list, key) != (made->*list).end();
}

/// Whether a stage makes a result that is found by `key`.
bool makes(const Stage& stage, const Content& key) {
  return is_in(stage, &Invert::pictures, key);
}
bool makes(const Stage& stage, const TrunkKey& key) {
  return is_in(stage, &MakeTrunks::trunks, key);
}
bool makes(const Stage& stage, const WordMaskKey& key) {
  return is_in(stage, &FindWords::masks, key);
}
bool makes(const Stage& stage, const Task& key) {
  return is_in(stage, &DecodeTrunks::pictures, key) || is_in(stage, &Edit::pictures, key);
}

/// Adds `key` where neither it nor a result of it is known, nor a stage planned so far makes one.
template <class Key, class Known>
void add_missing(std::vector<Key>& missing, Key key, const Known& known, const std::vector<Stage>& stages) {
  if (known.find(key) == nullptr && std::ranges::find(missing, key) == missing.end() &&
      std::ranges::none_of(stages, [&](const Stage& stage) { return makes(stage, key); }))
    missing.push_back(std::move(key));
}

void plan_inversions(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  std::vector<Content> missing;
  for (const Task& task : batch.tasks) {
    if (!task.content.source.inverted) continue;
    for (Content& end : inverted_ends(task.content))
      add_missing(missing, std::move(end), session.inverted, stages);
  }
  if (!missing.empty()) stages.emplace_back(Invert{std::move(missing), batch.tasks.size()});
}

/// Masks of words, with the plain pictures that they are looked for in.
void plan_words(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  std::vector<WordMaskKey> masks;
  for (const Task& task : batch.tasks) {
    const std::string& words = task.turn.area.words;
    if (!words.empty()) add_missing(masks, WordMaskKey{task.content, words}, session.word_masks, stages);
  }
  if (masks.empty()) return;
  std::vector<TrunkKey> pictures;
  for (const WordMaskKey& mask : masks)
    add_missing(pictures, TrunkKey{{mask.content, {}}, batch.sampler->evaluations()}, session.trunks, stages);
  if (!pictures.empty()) stages.emplace_back(MakeTrunks{std::move(pictures)});
  stages.emplace_back(FindWords{std::move(masks)});
}

void plan_trunks(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  std::vector<TrunkKey> missing;
  for (const Task& task : batch.tasks) {
    add_missing(missing, TrunkKey{{task.content, task.turn.shared()}, batch.fork}, session.trunks, stages);
  }
  if (!missing.empty()) stages.emplace_back(MakeTrunks{std::move(missing)});
}

void plan_edits(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  std::vector<Task> missing;
  for (const EditPlan& plan : batch.edits)
    for (const EditShare& share : plan.shares) add_missing(missing, share.task, session.edited, stages);
  // The unchanged ones first: previews of the others are mixed with them.
  const auto changed = std::stable_partition(missing.begin(), missing.end(),
                                             [](const Task& task) { return task.turn.method == nullptr; });
  std::vector<Task> edits(changed, missing.end());
  missing.erase(changed, missing.end());
  if (!missing.empty()) stages.emplace_back(DecodeTrunks{std::move(missing)});
  const EditPlan& plan = batch.edits.front();
  if (!edits.empty()) stages.emplace_back(Edit{std::move(edits), plan.recipe, plan.first});
}

/// Dials that draw their positions.
void plan_paths(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  const std::size_t at_once = batch.tasks.size();
  const auto planned = [&](auto list, const Task& task) {
    return std::ranges::any_of(stages, [&](const Stage& stage) { return is_in(stage, list, task); });
  };
  std::vector<Task> keys, ends;
  for (Task& key : key_pictures(batch))
    if (session.keys.find(key) == nullptr && !planned(&DrawKeys::keys, key)) keys.push_back(std::move(key));
  std::size_t between = 0;
  for (const Task& task : batch.tasks) {
    auto end = path_end(task);
    if (!end) continue;
    ++between;
    if (!knows_path(session, *end) && !planned(&DrawWidestKeys::ends, *end) &&
        std::ranges::find(ends, *end) == ends.end())
      ends.push_back(std::move(*end));
  }
  if (!keys.empty()) stages.emplace_back(DrawKeys{std::move(keys), at_once});
  if (!ends.empty()) stages.emplace_back(DrawWidestKeys{std::move(ends), at_once});
  stages.emplace_back(DrawBetween{between});
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
  if (!content.to.prompt.empty()) to.words.prompt = content.to.prompt;
  return {from, to};
}

EditPlan plan_edit(const Task& task, const NoiseSchedule& schedule, std::vector<std::string>& notices) {
  const Turn& turn = task.turn;
  EditPlan plan{turn.position, turn.recipe, 0, {}};
  if (turn.dial) {
    plan.position = held_position(task, notices);
    const auto [below, above, share] = turn.dial->around(plan.position);
    plan.recipe = turn.dial->side_of(plan.position).recipe;
    if (share < 1) plan.shares.push_back({edited(task, plan.recipe, below.strength), 1 - share});
    if (share > 0) plan.shares.push_back({edited(task, plan.recipe, above.strength), share});
  } else {
    plan.shares.push_back({edited(task, plan.recipe, turn.position), 1});
  }
  const auto sampler = make_sampler(task.content.sampling, schedule);
  plan.first = sampler->evaluation_at(first_evaluation(task.content.source, *sampler), plan.recipe.start);
  return plan;
}

Batch make_batch(std::vector<Task> tasks, const NoiseSchedule& schedule,
                 std::vector<std::vector<std::string>>& notices) {
  Batch batch;
  batch.tasks = std::move(tasks);
  const Task& first = batch.tasks.front();
  batch.sampler = make_sampler(first.content.sampling, schedule);
  batch.first = first_evaluation(first.content.source, *batch.sampler);
  batch.fork = fork_evaluation(first, *batch.sampler);
  notices.resize(batch.tasks.size());
  for (std::size_t i = 0; i < batch.tasks.size(); ++i) {
    Task& task = batch.tasks[i];
    if (task.turn.edits()) batch.edits.push_back(plan_edit(task, schedule, notices[i]));
    if (task.turn.follows_path()) task.turn.position = held_position(task, notices[i]);
  }
  return batch;
}

void plan_stages(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  plan_inversions(session, batch, stages);
  plan_words(session, batch, stages);
  if (batch.tasks.front().turn.follows_path()) return plan_paths(session, batch, stages);
  plan_trunks(session, batch, stages);
  if (batch.edits.empty()) {
    stages.emplace_back(DenoiseForks{});
  } else {
    plan_edits(session, batch, stages);
    stages.emplace_back(MixEdits{});
  }
}

}  // namespace latentdial::detail
