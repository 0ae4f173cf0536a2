#pragma once

#include <memory>

#include "denoise/anchored_edit.h"
#include "session/stage.h"

namespace latentdial::detail {

/// The edited latents where the mask [1,h,w,1] is 1, the original's where it is 0; everywhere the edited ones
/// without a mask.
[[nodiscard]] Tensor masked(const Tensor& original, const Tensor& edited, const Tensor& mask);

/// The finished picture of a content, to be looked at under this guidance scale. It must be known.
[[nodiscard]] std::shared_ptr<LookedAt> look_at(Session& session, const Content& content,
                                                double guidance_scale, std::vector<std::string>& notices);

/// An edit of it by a turn, under the same scale.
[[nodiscard]] AnchoredEdit begin_edit(Session& session, const Task& task, std::shared_ptr<LookedAt> original,
                                      double guidance_scale, std::vector<std::string>& notices);

}  // namespace latentdial::detail
