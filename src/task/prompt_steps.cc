#include "task/prompt_steps.h"

#include <algorithm>

#include "prompt/composition.h"

namespace latentdial::detail {
namespace {

PromptSchedule read_schedule(const char* field, const std::string& text) {
  return read_prompt(field, [&] { return PromptSchedule(text); });
}

}  // namespace

PromptSteps::PromptSteps(const Texts& texts, int steps)
    : steps_(steps),
      negative_(read_schedule("negative_prompt", texts.negative_prompt)),
      to_(read_schedule("to_prompt", texts.to_prompt)) {
  for (const PromptTerm& term : split_terms(texts.prompt))
    terms_.push_back({term.weight, PromptSchedule(term.text)});
}

bool PromptSteps::is_constant() const {
  return std::ranges::all_of(terms_, [](const Term& term) { return term.text.is_constant(); }) &&
         negative_.is_constant() && to_.is_constant();
}

auto PromptSteps::at(int step) const -> std::vector<Weighted> {
  std::vector<Weighted> list;
  for (const Term& term : terms_)
    list.push_back(
        {term.weight, {term.text.at(step, steps_), negative_.at(step, steps_), to_.at(step, steps_)}});
  return list;
}

}  // namespace latentdial::detail
