#include "session/composed_prompt.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace latentdial::detail {
namespace {

// A progress that stands for a whole step may lie a rounding below it.
constexpr double kRounding = 1e-6;

/// The conditionings of all steps, each made once.
class Composition {
 public:
  Composition(const PromptSteps& prompts, const PromptConditioner& conditioner) {
    for (int step = 0; step < prompts.steps(); ++step) add(prompts.at(step), conditioner);
  }

  [[nodiscard]] GuidedStep at(double progress) const {
    const auto count = static_cast<double>(steps_.size());
    const auto index = std::min(steps_.size() - 1, static_cast<std::size_t>(progress * count + kRounding));
    const Step& step = steps_[index];
    if (step.terms.size() == 1 && step.rest == 0)
      return conditionings_[step.terms.front().index].second(progress);
    std::vector<WeightedStep> sum;
    if (step.rest != 0) sum.push_back({step.rest, weighted_sum({{step.negative, 1}})});
    for (const auto& [weight, term] : step.terms)
      sum.push_back({weight, conditionings_[term].second(progress)});
    return sum_of_steps(sum);
  }

 private:
  struct Term {
    double weight;
    std::size_t index;  ///< In conditionings_.
  };
  struct Step {
    std::vector<Term> terms;
    Condition negative;
    double rest = 0;  ///< 1 − Σ weights.
  };

  void add(const std::vector<PromptSteps::Weighted>& terms, const PromptConditioner& conditioner) {
    Step step{{}, conditioner.encode(terms.front().texts.negative_prompt), 1};
    for (const auto& [weight, texts] : terms) {
      const auto known = std::ranges::find(conditionings_, texts, &std::pair<Texts, Conditioning>::first);
      const auto index = static_cast<std::size_t>(known - conditionings_.begin());
      if (known == conditionings_.end()) conditionings_.emplace_back(texts, conditioner.condition(texts));
      step.terms.push_back({weight, index});
      step.rest -= weight;
    }
    steps_.push_back(std::move(step));
  }

  std::vector<std::pair<Texts, Conditioning>> conditionings_;
  std::vector<Step> steps_;
};

}  // namespace

Conditioning compose_prompts(const Texts& texts, int steps, const PromptConditioner& conditioner) {
  const PromptSteps prompts(texts, steps);
  if (prompts.is_constant() && prompts.is_one()) return conditioner.condition(texts);
  const auto composition = std::make_shared<const Composition>(prompts, conditioner);
  return [composition](double progress) { return composition->at(progress); };
}

}  // namespace latentdial::detail
