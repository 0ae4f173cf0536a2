#pragma once

#include <optional>
#include <string>

#include "task/task.h"

namespace latentdial::detail {

/// A position within its dial's range.
struct HeldPosition {
  double position = 0;
  std::string reason = {};  ///< Why the range ends there; "" where the position was within it.
};

/// Where a task's dial stands, of a method that follows a path. Below 0 there is something only where the
/// prompt names the style, and a LoRA, which is taken away.
[[nodiscard]] HeldPosition held_position(const Task& task);

/// Where the path from the plain picture ends on the turn's side of it: at the style in full, or as much of
/// it as there is. 1, or less.
[[nodiscard]] double end_position(const Turn& turn);

/// The strength there.
[[nodiscard]] double end_strength(const Turn& turn);

/// Of a position within the range at which a key picture stands, whatever the picture: the strength of that
/// one.
[[nodiscard]] std::optional<double> key_strength(const Turn& turn);

}  // namespace latentdial::detail
