// Peers that add guidance terms: sums of predictions as `guide` is, at other places and times.
#include "dial/peers/peers.h"

namespace latentdial::detail {

Conditioning condition_dreamwalk(const DialRequest& request, const DialPrompts& prompts) {
  return [request, content = prompts.content("").condition,
          style = prompts.text(request.style).condition](double progress) {
    auto terms = request.guidance.terms(content, progress);
    const double strength = progress < kDreamWalkStart ? 0 : request.guidance.scale * request.position;
    terms.push_back({style, strength});
    terms.push_back({request.guidance.negative, -strength});
    return weighted_sum(terms);
  };
}

Conditioning condition_free_sliders(const DialRequest& request, const DialPrompts& prompts) {
  return [request, content = prompts.content("").condition,
          styled = prompts.content(", " + request.style).condition](double progress) {
    auto terms = request.guidance.terms(content, progress);
    const double eta = progress < kFreeSlidersStart ? 0 : request.guidance.scale * request.position;
    terms.push_back({styled, eta});
    terms.push_back({content, -eta});
    return weighted_sum(terms);
  };
}

}  // namespace latentdial::detail
