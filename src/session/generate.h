#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "session/session.h"
#include "task/resolve.h"

namespace latentdial::detail {

/// How many of a list, from its first on, are made in one batch; the list is not empty.
[[nodiscard]] std::size_t batch_size(const Session& session, std::span<const Resolved> list);

/// U-Net evaluations of a list's pictures: those of the batches so far, and those expected of later ones.
struct Evaluations {
  std::int64_t done = 0, to_come = 0;
};

/// How many each batch of the list will take, as far as can be said before.
[[nodiscard]] std::vector<std::int64_t> expected_evaluations(const Session& session,
                                                             std::span<const Resolved> list);

/// Makes `batch`, whose first picture is the one at `begin` to the observer and `on_picture`, and adds its
/// evaluations to those done.
void generate(Session& session, std::span<const Resolved> batch, std::size_t begin, Evaluations& evaluations,
              const OnPicture& on_picture, const Observer& observer);

}  // namespace latentdial::detail
