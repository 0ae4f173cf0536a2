#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "denoise/anchored_edit.h"
#include "session/session.h"

namespace latentdial::detail {

/// The finished picture of a content, to be looked at under this guidance scale. It must be known.
[[nodiscard]] std::shared_ptr<LookedAt> look_at(Session& session, const Content& content,
                                                double guidance_scale, std::vector<std::string>& notices);

/// Edits of finished pictures that go side by side, and where each acts.
struct EditsUnderWay {
  std::vector<AnchoredEdit> edits;
  std::vector<Tensor> masks;  ///< As style_mask has them.

  /// Adds an edit of a finished picture by a task's turn, which is looked at under the same scale.
  AnchoredEdit& begin(Session& session, const Task& task, std::shared_ptr<LookedAt> original,
                      double guidance_scale, std::vector<std::string>& notices);
  /// The edited latents of the k-th where its mask is 1, the original's where it is 0.
  [[nodiscard]] Tensor within_mask(std::size_t k, const Tensor& edited) const;
};

}  // namespace latentdial::detail
