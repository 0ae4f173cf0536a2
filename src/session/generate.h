#pragma once

#include <cstddef>
#include <span>

#include "session/session.h"
#include "task/resolve.h"

namespace latentdial::detail {

/// How many of a list, from its first on, are made in one batch; the list is not empty.
[[nodiscard]] std::size_t batch_size(const Session& session, std::span<const Resolved> list);

/// Makes `batch`, whose first picture is the one at `begin` to the observer and `on_picture`.
void generate(Session& session, std::span<const Resolved> batch, std::size_t begin,
              const OnPicture& on_picture, const Observer& observer);

}  // namespace latentdial::detail
