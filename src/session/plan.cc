#include "session/plan.h"

#include <algorithm>
#include <utility>

#include "session/start.h"

namespace latentdial::detail {
namespace {

/// Adds `key` where neither it nor a result of it is known.
template <class Key, class Known>
void add_missing(std::vector<Key>& missing, Key key, const Known& known) {
  if (known.find(key) == nullptr && std::ranges::find(missing, key) == missing.end())
    missing.push_back(std::move(key));
}

void plan_inversions(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  std::vector<Content> missing;
  for (const Task& task : batch.tasks) {
    if (!task.content.source.inverted) continue;
    for (Content& end : inverted_ends(task.content)) add_missing(missing, std::move(end), session.inverted);
  }
  if (!missing.empty()) stages.emplace_back(Invert{std::move(missing), batch.tasks.size()});
}

/// Masks of words, with the plain pictures that they are looked for in.
void plan_words(const Session& session, const Batch& batch, int end, std::vector<Stage>& stages) {
  std::vector<WordMaskKey> masks;
  for (const Task& task : batch.tasks) {
    const std::string& words = task.turn.area.words;
    if (!words.empty()) add_missing(masks, WordMaskKey{task.content, words}, session.word_masks);
  }
  if (masks.empty()) return;
  std::vector<TrunkKey> pictures;
  for (const WordMaskKey& mask : masks)
    add_missing(pictures, TrunkKey{{mask.content, {}}, end}, session.trunks);
  if (!pictures.empty()) stages.emplace_back(MakeTrunks{std::move(pictures)});
  stages.emplace_back(FindWords{std::move(masks)});
}

/// Whether a stage planned so far makes the trunk.
bool is_planned(const std::vector<Stage>& stages, const TrunkKey& trunk) {
  return std::ranges::any_of(stages, [&](const Stage& stage) {
    const auto* made = std::get_if<MakeTrunks>(&stage);
    return made != nullptr && std::ranges::find(made->trunks, trunk) != made->trunks.end();
  });
}

void plan_trunks(const Session& session, const Batch& batch, int fork, std::vector<Stage>& stages) {
  std::vector<TrunkKey> missing;
  for (const Task& task : batch.tasks) {
    TrunkKey trunk{{task.content, task.turn.shared()}, fork};
    if (!is_planned(stages, trunk)) add_missing(missing, std::move(trunk), session.trunks);
  }
  if (!missing.empty()) stages.emplace_back(MakeTrunks{std::move(missing)});
}

void plan_edits(const Session& session, const Batch& batch, std::vector<Stage>& stages) {
  std::vector<Task> missing;
  for (const EditPlan& plan : batch.edits)
    for (const EditShare& share : plan.shares) add_missing(missing, share.task, session.edited);
  // The unchanged ones first: previews of the others are mixed with them.
  const auto changed = std::stable_partition(missing.begin(), missing.end(),
                                             [](const Task& task) { return task.turn.method == nullptr; });
  std::vector<Task> edits(changed, missing.end());
  missing.erase(changed, missing.end());
  if (!missing.empty()) stages.emplace_back(DecodeTrunks{std::move(missing)});
  const EditPlan& plan = batch.edits.front();
  if (!edits.empty()) stages.emplace_back(Edit{std::move(edits), plan.recipe, plan.first});
}

}  // namespace

Batch make_batch(std::vector<Task> tasks, const NoiseSchedule& schedule,
                 std::vector<std::vector<std::string>>& notices) {
  Batch batch{std::move(tasks), {}};
  notices.resize(batch.tasks.size());
  for (std::size_t i = 0; i < batch.tasks.size(); ++i)
    if (batch.tasks[i].turn.edits()) batch.edits.push_back(plan_edit(batch.tasks[i], schedule, notices[i]));
  return batch;
}

std::vector<Stage> plan_stages(const Session& session, const Batch& batch) {
  const Task& first = batch.tasks.front();
  const auto sampler = make_sampler(first.content.sampling, session.model->schedule);
  std::vector<Stage> stages;
  plan_inversions(session, batch, stages);
  plan_words(session, batch, sampler->evaluations(), stages);
  plan_trunks(session, batch, fork_evaluation(first, *sampler), stages);
  if (batch.edits.empty()) {
    stages.emplace_back(DenoiseForks{});
  } else {
    plan_edits(session, batch, stages);
    stages.emplace_back(MixEdits{});
  }
  return stages;
}

}  // namespace latentdial::detail
