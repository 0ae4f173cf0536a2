#include "dial/conditioning.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "dial/text_states.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

bool same_values(const Tensor& a, const Tensor& b) {
  return a.raw() == b.raw() || (a.shape() == b.shape() && std::ranges::equal(a.values(), b.values()));
}

/// The terms, those of one condition without a mask as one, without those of weight 0.
std::vector<GuidanceTerm> merged(const std::vector<GuidanceTerm>& terms) {
  std::vector<GuidanceTerm> result;
  for (const auto& term : terms) {
    const auto found = std::ranges::find_if(result, [&](const GuidanceTerm& other) {
      return other.condition.is(term.condition) && !other.mask.defined() && !term.mask.defined();
    });
    if (found == result.end())
      result.push_back(term);
    else
      found->weight += term.weight;
  }
  std::erase_if(result, [](const GuidanceTerm& term) { return term.weight == 0; });
  return result;
}

/// The place of a condition in `list`, added when it is new.
std::size_t place_of(const Condition& condition, std::vector<Condition>& list) {
  const auto found = std::ranges::find_if(list, [&](const Condition& other) { return other.is(condition); });
  const auto place = static_cast<std::size_t>(found - list.begin());
  if (found == list.end()) list.push_back(condition);
  return place;
}

}  // namespace

bool Condition::operator==(const Condition& other) const {
  return same_values(tokens, other.tokens) && same_values(vector, other.vector) &&
         same_values(channels, other.channels) && denoiser == other.denoiser &&
         aesthetic_score == other.aesthetic_score;
}

Condition combine(const Condition& a, const Condition& b,
                  const std::function<Tensor(const Tensor& a, const Tensor& b)>& between) {
  const auto tokens = same_length({a.tokens, b.tokens});
  Condition result = a;
  result.tokens = between(tokens[0], tokens[1]);
  if (a.vector.defined()) result.vector = between(a.vector, b.vector);
  return result;
}

GuidedStep weighted_sum(const std::vector<GuidanceTerm>& terms) {
  GuidedStep step;
  auto parts = merged(terms);
  std::vector<std::size_t> places;
  for (const auto& part : parts) places.push_back(place_of(part.condition, step.conditions));
  step.combine = [parts = std::move(parts), places](const std::vector<Tensor>& predictions) {
    std::vector<Term> sum;
    for (std::size_t k = 0; k < parts.size(); ++k)
      sum.push_back(
          {parts[k].weight, predictions[places[k]], parts[k].mask.defined() ? &parts[k].mask : nullptr});
    return linear_combination(sum);
  };
  return step;
}

GuidedStep sum_of_steps(const std::vector<WeightedStep>& steps) {
  GuidedStep sum;
  std::vector<std::vector<std::size_t>> places;
  for (const auto& [weight, step] : steps) {
    auto& own = places.emplace_back();
    for (const Condition& one : step.conditions) own.push_back(place_of(one, sum.conditions));
  }
  sum.combine = [steps, places](const std::vector<Tensor>& predictions) {
    Tensor result = Tensor::zeros(predictions.front().shape());
    for (std::size_t k = 0; k < steps.size(); ++k) {
      std::vector<Tensor> own;
      for (const auto place : places[k]) own.push_back(predictions[place]);
      add_scaled(result, steps[k].weight, steps[k].step.combine(own));
    }
    return result;
  };
  return sum;
}

std::vector<GuidanceTerm> ClassifierFreeGuidance::terms(const Condition& text, double progress) const {
  return {{negative, 1 - scale_at(progress)}, {text, scale_at(progress)}};
}

Conditioning ClassifierFreeGuidance::condition(const Condition& text) const {
  return [guidance = *this, text](double progress) { return weighted_sum(guidance.terms(text, progress)); };
}

}  // namespace latentdial::detail
