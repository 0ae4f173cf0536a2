#pragma once

#include <cstddef>
#include <vector>

#include "session/session.h"
#include "task/resolve.h"

namespace latentdial::detail {

/// One past the last of `list` that is made in one batch with `list[begin]`.
[[nodiscard]] std::size_t batch_end(const Session& session, const std::vector<Resolved>& list,
                                    std::size_t begin);

/// Makes `list[begin]` to `list[end - 1]`, which go in one batch.
void generate(Session& session, const std::vector<Resolved>& list, std::size_t begin, std::size_t end,
              const OnPicture& on_picture, const Observer& observer);

}  // namespace latentdial::detail
