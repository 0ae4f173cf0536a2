#pragma once

#include <string>
#include <vector>

#include "session/session.h"

namespace latentdial::detail {

/// How much the model sees change when it looks at a task's finished plain picture under noise by its turn's
/// words instead of without: visible_change of the two x̂₀, without guidance, within the turn's mask. The
/// plain picture, and a mask of words, must be known. Unlike two pictures drawn by themselves, which differ
/// where words say nothing, too.
[[nodiscard]] double seen_change(Session& session, const Task& task, std::vector<std::string>& notices);

}  // namespace latentdial::detail
