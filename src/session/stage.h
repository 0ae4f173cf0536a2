#pragma once

#include <string>
#include <variant>
#include <vector>

#include "session/batch_observer.h"
#include "session/edit_plan.h"
#include "session/session.h"

namespace latentdial::detail {

/// Takes pictures back to noise.
struct Invert {
  std::vector<Content> pictures;  ///< One size and schedule.
  std::size_t at_once = 1;        ///< Most that go in one batch.
};

/// Makes what pictures have in common.
struct MakeTrunks {
  std::vector<TrunkKey> trunks;  ///< All up to one evaluation of one schedule.
};

/// Looks where finished pictures show words.
struct FindWords {
  std::vector<WordMaskKey> masks;  ///< The pictures' trunks are known by then.
};

/// Decodes finished pictures as they are.
struct DecodeTrunks {
  std::vector<Task> pictures;
};

/// Edits finished pictures, all by one recipe.
struct Edit {
  std::vector<Task> pictures;
  EditRecipe recipe;
  int first = 0;  ///< The evaluation that an edit begins at.
};

/// Denoises the batch's pictures from their trunks on, and decodes them.
struct DenoiseForks {};

/// Mixes the batch's pictures of edited ones.
struct MixEdits {};

/// A part of the work on a batch.
using Stage = std::variant<Invert, MakeTrunks, FindWords, DecodeTrunks, Edit, DenoiseForks, MixEdits>;

/// Pictures of one size, at one point of one schedule, that part at one evaluation.
struct Batch {
  std::vector<Task> tasks;
  std::vector<EditPlan> edits;  ///< One a task where finished pictures are edited, else none.
};

/// What a stage works with.
struct Work {
  Session& session;
  const Batch& batch;
  BatchObserver& observer;
  std::vector<std::string>& notices;  ///< Of all pictures of the batch.
  std::vector<Image>& images;         ///< The batch's pictures, as they are finished.
};

/// The steps that a stage takes: how often it tells the observer of one.
[[nodiscard]] int steps_of(const Stage& stage, const Batch& batch, const NoiseSchedule& schedule);
/// Does the work, and remembers in the session what later pictures need.
void run(const Stage& stage, Work& work);

}  // namespace latentdial::detail
