#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "session/session.h"
#include "task/resolve.h"

namespace latentdial::detail {

/// U-Net evaluations of a list's pictures: those of the batches so far, and those expected of later ones.
struct Evaluations {
  std::int64_t done = 0, to_come = 0;
};

/// A part of a list that is made together.
struct PlannedBatch {
  std::size_t size = 0;
  std::int64_t evaluations = 0;  ///< That it will take, as far as can be said before.
};

/// The batches of a list, in order.
[[nodiscard]] std::vector<PlannedBatch> plan_batches(const Session& session, std::span<const Resolved> list);

/// Makes `batch`, whose first picture is the one at `begin` to the observer and `on_picture`, and adds its
/// evaluations to those done.
void generate(Session& session, std::span<const Resolved> batch, std::size_t begin, Evaluations& evaluations,
              const OnPicture& on_picture, const Observer& observer);

}  // namespace latentdial::detail
