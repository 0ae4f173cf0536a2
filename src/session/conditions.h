#pragma once

#include <string>
#include <vector>

#include "dial/conditioning.h"
#include "session/session.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// What a picture is conditioned on: its prompts, plain, dialled, or between two, and the guidance. `mask`
/// [1,h,w,1] says where the style acts; undefined: everywhere.
[[nodiscard]] Conditioning condition(Session& session, const Content& content, const Turn& turn,
                                     const Tensor& mask, std::vector<std::string>& notices);

/// Where the style of a task acts, [1,h,w,1]; undefined: everywhere. A mask of words must be known.
[[nodiscard]] Tensor style_mask(const Session& session, const Task& task);

}  // namespace latentdial::detail
