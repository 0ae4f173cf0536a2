#pragma once

#include <cstddef>
#include <stop_token>

#include "latentdial/pipeline.h"

namespace latentdial::detail {

/// Tells an observer of the steps of one batch, and shows it the batch's pictures under way.
class BatchObserver {
 public:
  /// `progress` has the steps in all. The observer must outlive this.
  BatchObserver(const Observer& observer, const StepProgress& progress)
      : observer_(observer), progress_(progress) {}

  /// One more step is done.
  void step();
  /// Whether the observer wants to see what this step made of a picture. Pictures count within the batch.
  [[nodiscard]] bool wants_preview(std::size_t picture) const;
  void show(std::size_t picture, const Image& preview) const;
  [[nodiscard]] const std::stop_token& stop() const { return observer_.stop; }

 private:
  const Observer& observer_;
  StepProgress progress_;
};

}  // namespace latentdial::detail
