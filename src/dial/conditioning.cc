#include "dial/conditioning.h"

#include <utility>

namespace latentdial {

Conditioning classifier_free_guidance(const Tensor& text_states, const Tensor& negative_states,
                                      double guidance_scale, GuidanceInterval interval) {
  std::vector<GuidanceTerm> terms;
  if (guidance_scale != 1) terms.push_back({negative_states, 1 - guidance_scale});
  if (guidance_scale != 0) terms.push_back({text_states, guidance_scale});
  return [guided = std::move(terms), plain = std::vector<GuidanceTerm>{{text_states, 1}},
          interval](double progress) {
    return progress >= interval.start && progress < interval.end ? guided : plain;
  };
}

}  // namespace latentdial
