#include "dial/conditioning.h"

#include <utility>

namespace latentdial {

Conditioning classifier_free_guidance(const Tensor& text_states, const Tensor& negative_states,
                                      double guidance_scale) {
  std::vector<GuidanceTerm> terms;
  if (guidance_scale != 1) terms.push_back({negative_states, 1 - guidance_scale});
  if (guidance_scale != 0) terms.push_back({text_states, guidance_scale});
  return [terms = std::move(terms)](double) { return terms; };
}

}  // namespace latentdial
