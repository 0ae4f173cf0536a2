#include "dial/methods.h"

namespace latentdial {

Conditioning condition_guide(const DialRequest& request, const DialPrompts& prompts) {
  return [request, content = prompts.content("").states,
          styled = prompts.content(", " + request.style).states](double progress) {
    const double lambda = request.window.contains(progress) ? request.position : 0;
    const double scale = request.guidance.scale_at(progress);
    return weighted_sum({{request.guidance.negative_states, 1 - scale},
                         {content, scale * (1 - lambda)},
                         {styled, scale * lambda}});
  };
}

}  // namespace latentdial
