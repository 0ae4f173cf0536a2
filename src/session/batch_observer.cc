#include "session/batch_observer.h"

namespace latentdial::detail {

void BatchObserver::step() {
  ++progress_.step;
  if (observer_.on_step) observer_.on_step(progress_);
}

bool BatchObserver::wants_preview(std::size_t picture) const {
  // After the last step comes the picture itself.
  return observer_.on_preview && observer_.wants_preview && progress_.step < progress_.steps &&
         observer_.wants_preview(progress_, picture);
}

void BatchObserver::show(std::size_t picture, const Image& preview) const {
  observer_.on_preview({.picture = picture, .step = progress_.step, .image = preview});
}

}  // namespace latentdial::detail
