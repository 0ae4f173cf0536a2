#include "dial/conditioning.h"

#include <utility>

namespace latentdial {

Conditioning classifier_free_guidance(const Tensor& text_states, const Tensor& negative_states,
                                      double guidance_scale, StepInterval interval, StyleGuidance style) {
  return [=, style = std::move(style)](double progress) {
    const double scale = interval.contains(progress) ? guidance_scale : 1;
    const double strength = style.window.contains(progress) ? style.strength : 0;
    std::vector<GuidanceTerm> terms;
    const auto add = [&](const Tensor& states, double weight) {
      if (weight != 0) terms.push_back({states, weight});
    };
    add(negative_states, 1 - scale);
    add(text_states, scale * (1 - strength));
    add(style.text_states, scale * strength);
    return terms;
  };
}

}  // namespace latentdial
