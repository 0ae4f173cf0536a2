#pragma once

#include <string>
#include <vector>

#include "session/session.h"

namespace latentdial::detail {

/// A picture that a dial position is mixed of: the finished one, or an edit of it.
struct EditShare {
  Task task;  ///< Without a turn, or turned by method `anchored`.
  double weight = 1;
};

/// How a position of a dial is made that edits the finished picture.
struct EditPlan {
  EditRecipe recipe;
  int first = 0;                  ///< The evaluation that the edit begins at.
  std::vector<EditShare> shares;  ///< The picture is their weighted sum; weights add up to 1.
};

/// Adds a line to `notices` when the position is out of the dial's range.
[[nodiscard]] EditPlan plan_edit(const Task& task, const NoiseSchedule& schedule,
                                 std::vector<std::string>& notices);

}  // namespace latentdial::detail
