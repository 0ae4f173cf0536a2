#include "dial/conditioning.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace latentdial {

GuidedStep weighted_sum(const std::vector<GuidanceTerm>& terms) {
  GuidedStep step;
  std::vector<double> weights;
  for (const auto& term : terms) {
    if (term.weight == 0) continue;
    const auto same = [&](const Tensor& states) { return states.raw() == term.text_states.raw(); };
    const auto found = std::find_if(step.text_states.begin(), step.text_states.end(), same);
    if (found != step.text_states.end()) {
      weights[static_cast<std::size_t>(found - step.text_states.begin())] += term.weight;
      continue;
    }
    step.text_states.push_back(term.text_states);
    weights.push_back(term.weight);
  }
  step.combine = [weights = std::move(weights)](const std::vector<Tensor>& predictions) {
    Tensor guided = Tensor::empty(predictions.front().shape());
    for (std::size_t i = 0; i < guided.values().size(); ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < weights.size(); ++k) sum += weights[k] * predictions[k].values()[i];
      guided.values()[i] = static_cast<float>(sum);
    }
    return guided;
  };
  return step;
}

std::vector<GuidanceTerm> ClassifierFreeGuidance::terms(const Tensor& text_states, double progress) const {
  return {{negative_states, 1 - scale_at(progress)}, {text_states, scale_at(progress)}};
}

Conditioning ClassifierFreeGuidance::condition(const Tensor& text_states) const {
  return [guidance = *this, text_states](double progress) {
    return weighted_sum(guidance.terms(text_states, progress));
  };
}

}  // namespace latentdial
