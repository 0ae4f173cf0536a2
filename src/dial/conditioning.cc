#include "dial/conditioning.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
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
  const auto found = std::ranges::find(list, condition);
  const auto place = static_cast<std::size_t>(found - list.begin());
  if (found == list.end()) list.push_back(condition);
  return place;
}

double deviation(std::span<const float> values) {
  const double count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  const double squares = dot(values, values) / count;
  return std::sqrt(std::max(squares - mean * mean, 0.0));
}

/// What `make` makes of what several steps make, a condition that several of them ask about asked once.
GuidedStep combined(std::vector<GuidedStep> steps,
                    std::function<Tensor(const std::vector<Tensor>& made)> make) {
  GuidedStep result;
  std::vector<std::vector<std::size_t>> places;
  for (const GuidedStep& step : steps) {
    auto& own = places.emplace_back();
    for (const Condition& one : step.conditions) own.push_back(place_of(one, result.conditions));
  }
  result.combine = [steps = std::move(steps), places = std::move(places),
                    make = std::move(make)](const std::vector<Tensor>& predictions) {
    std::vector<Tensor> made;
    for (std::size_t k = 0; k < steps.size(); ++k) {
      std::vector<Tensor> own;
      for (const auto place : places[k]) own.push_back(predictions[place]);
      made.push_back(steps[k].combine(own));
    }
    return make(made);
  };
  return result;
}

}  // namespace

bool Condition::operator==(const Condition& other) const {
  return same_values(tokens, other.tokens) && same_values(vector, other.vector) &&
         same_values(channels, other.channels) && asks_alike(other);
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
  std::vector<GuidedStep> parts;
  for (const auto& [weight, step] : steps) parts.push_back(step);
  return combined(std::move(parts), [steps](const std::vector<Tensor>& made) {
    Tensor result = Tensor::zeros(made.front().shape());
    for (std::size_t k = 0; k < steps.size(); ++k) add_scaled(result, steps[k].weight, made[k]);
    return result;
  });
}

Conditioning rescaled(const Conditioning& guided, const Conditioning& unguided, double share) {
  return [=](double progress) {
    return combined({guided(progress), unguided(progress)}, [share](const std::vector<Tensor>& made) {
      const double spread = deviation(made[0].values());
      return spread > 0 ? scaled(made[0], share * deviation(made[1].values()) / spread + 1 - share) : made[0];
    });
  };
}

std::vector<GuidanceTerm> ClassifierFreeGuidance::terms(const Condition& text, double progress) const {
  return {{negative, 1 - scale_at(progress)}, {text, scale_at(progress)}};
}

Conditioning ClassifierFreeGuidance::condition(const Condition& text) const {
  return [guidance = *this, text](double progress) { return weighted_sum(guidance.terms(text, progress)); };
}

}  // namespace latentdial::detail
