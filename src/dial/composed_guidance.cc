// Peers that add guidance terms: sums of predictions as `guide` is, at other places and times.
#include "dial/methods.h"

namespace latentdial {

Conditioning condition_dreamwalk(const DialRequest& request, const DialPrompts& prompts) {
  return [request, content = prompts.content("").states,
          style = prompts.text(request.style).states](double progress) {
    auto terms = request.guidance.terms(content, progress);
    const double strength = progress < kDreamWalkStart ? 0 : request.guidance.scale * request.position;
    terms.push_back({style, strength});
    terms.push_back({request.guidance.negative_states, -strength});
    return weighted_sum(terms);
  };
}

Conditioning condition_free_sliders(const DialRequest& request, const DialPrompts& prompts) {
  return [request, content = prompts.content("").states,
          styled = prompts.content(", " + request.style).states](double progress) {
    auto terms = request.guidance.terms(content, progress);
    const double eta = progress < kFreeSlidersStart ? 0 : request.guidance.scale * request.position;
    terms.push_back({styled, eta});
    terms.push_back({content, -eta});
    return weighted_sum(terms);
  };
}

}  // namespace latentdial
