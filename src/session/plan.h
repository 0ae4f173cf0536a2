#pragma once

#include <string>
#include <vector>

#include "session/stage.h"

namespace latentdial::detail {

/// The stages of a batch's work, in order. What the session remembers is not planned.
[[nodiscard]] std::vector<Stage> plan_stages(const Session& session, const Batch& batch);

/// A batch of tasks, its edits planned; `notices` gets a list for each picture.
[[nodiscard]] Batch make_batch(std::vector<Task> tasks, const NoiseSchedule& schedule,
                               std::vector<std::vector<std::string>>& notices);

}  // namespace latentdial::detail
