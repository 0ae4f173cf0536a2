#include <cmath>
#include <cstddef>

#include "dial/peers/peers.h"

namespace latentdial::detail {
namespace {

/// From this similarity on, the original's velocity takes the edit's place.
constexpr double kSimilar = 0.8;

}  // namespace

Conditioning condition_velo_edit(const DialRequest& request, const DialPrompts& prompts) {
  return request.guidance.condition(prompts.content(request.styled()).condition);
}

Tensor velo_edit_change(const SeenEdit& seen, double position) {
  Tensor change = Tensor::empty(seen.original.shape());
  for (std::size_t i = 0; i < change.values().size(); ++i) {
    const double original = seen.original.values()[i];
    const double difference = seen.clean.values()[i] - original;
    const double to_original = std::abs(seen.noised.values()[i] - original);  // t·|v_ref|
    const bool similar = to_original >= kSimilar * (to_original + std::abs(difference));
    change.values()[i] = similar ? 0 : static_cast<float>(position * difference);
  }
  return change;
}

}  // namespace latentdial::detail
