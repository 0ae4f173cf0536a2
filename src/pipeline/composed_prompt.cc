#include "pipeline/composed_prompt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "latentdial/error.h"
#include "prompt/composition.h"
#include "prompt/emphasis.h"
#include "prompt/schedule.h"

namespace latentdial {
namespace {

constexpr std::size_t kMostBytes = 64u << 10;
constexpr std::size_t kMostTexts = 128;
// A progress that stands for a whole step may lie a rounding below it.
constexpr double kRounding = 1e-6;

/// The prompts of some settings, and what they are at each step.
class Prompts {
 public:
  explicit Prompts(const Settings& s)
      : settings_(&s),
        negative_(read("negative_prompt", s.negative_prompt)),
        to_(read("to_prompt", s.to_prompt)) {
    for (const PromptTerm& term : split_terms(s.prompt))
      terms_.push_back({term.weight, PromptSchedule(term.text)});
  }

  [[nodiscard]] bool is_constant() const {
    const bool constant =
        std::all_of(terms_.begin(), terms_.end(), [](const Term& term) { return term.text.is_constant(); });
    return constant && negative_.is_constant() && to_.is_constant();
  }
  [[nodiscard]] bool is_one() const { return terms_.size() == 1; }

  struct Part {
    double weight;
    Settings settings;  ///< With one prompt that does not change.
  };
  [[nodiscard]] std::vector<Part> at(int step) const {
    const int steps = settings_->steps;
    std::vector<Part> parts;
    for (const Term& term : terms_) {
      Part& part = parts.emplace_back(Part{term.weight, *settings_});
      part.settings.prompt = term.text.at(step, steps);
      part.settings.negative_prompt = negative_.at(step, steps);
      part.settings.to_prompt = to_.at(step, steps);
    }
    return parts;
  }

 private:
  struct Term {
    double weight;
    PromptSchedule text;
  };
  static PromptSchedule read(const char* field, const std::string& text) {
    return read_prompt(field, [&] { return PromptSchedule(text); });
  }

  const Settings* settings_;
  std::vector<Term> terms_;
  PromptSchedule negative_, to_;
};

/// The conditionings of all steps, each made once.
class Composition {
 public:
  Composition(const Settings& s, const Prompts& prompts, const PromptConditioner& conditioner) {
    for (int step = 0; step < s.steps; ++step) add(prompts.at(step), conditioner);
  }

  [[nodiscard]] GuidedStep at(double progress) const {
    const auto count = static_cast<double>(steps_.size());
    const auto step = std::min(steps_.size() - 1, static_cast<std::size_t>(progress * count + kRounding));
    const Step& plan = steps_[step];
    if (plan.parts.size() == 1 && plan.rest == 0)
      return made_[plan.parts.front().place].conditioning(progress);
    std::vector<WeightedStep> sum = {{plan.rest, weighted_sum({{plan.negative_states, 1}})}};
    if (plan.rest == 0) sum.clear();
    for (const auto& [weight, place] : plan.parts)
      sum.push_back({weight, made_[place].conditioning(progress)});
    return sum_of_steps(sum);
  }

 private:
  struct Part {
    double weight;
    std::size_t place;  ///< In made_.
  };
  struct Step {
    std::vector<Part> parts;
    Tensor negative_states;
    double rest = 0;  ///< 1 − Σ weights.
  };
  struct Made {
    Settings settings;
    Conditioning conditioning;
  };

  void add(const std::vector<Prompts::Part>& parts, const PromptConditioner& conditioner) {
    Step step{{}, conditioner.text_states(parts.front().settings.negative_prompt), 1};
    for (const Prompts::Part& part : parts) {
      const auto known = std::find_if(made_.begin(), made_.end(),
                                      [&](const Made& other) { return other.settings == part.settings; });
      const auto place = static_cast<std::size_t>(known - made_.begin());
      if (known == made_.end()) made_.push_back({part.settings, conditioner.condition(part.settings)});
      step.parts.push_back({part.weight, place});
      step.rest -= part.weight;
    }
    steps_.push_back(std::move(step));
  }

  std::vector<Made> made_;
  std::vector<Step> steps_;
};

/// A text that may change with the steps, but holds one prompt.
void check_single(const char* field, const std::string& text) {
  if (read_prompt(field, [&] { return split_terms(text); }).size() > 1)
    throw invalid_input(field, "AND joins prompts of @(prompt) alone; with @(plain_prompt) it is a word");
}

void check_length(const char* field, const std::string& text) {
  if (text.size() > kMostBytes)
    throw invalid_input(field,
                        fmt::format("{} bytes are too many; {} are the most", text.size(), kMostBytes));
  for (const char* network : {"<lora:", "<lyco:", "<hypernet:"}) {
    if (text.find(network) != std::string::npos)
      throw invalid_input(
          field,
          fmt::format("{}…> names a network to load; LoRAs are loaded with the model, by @(lora) FILE:SCALE",
                      network));
  }
}

void check_emphasis(const char* field, const std::string& text) {
  (void)read_prompt(field, [&] { return parse_emphasis(text); });
}

/// Reads every text that is shown at some step. Each is encoded, and kept for the run.
void check_texts(const Prompts& prompts, int steps) {
  std::set<std::array<std::string, 3>> shown;
  for (int step = 0; step < steps; ++step) {
    for (const auto& [weight, settings] : prompts.at(step))
      shown.insert({settings.prompt, settings.negative_prompt, settings.to_prompt});
    if (shown.size() > kMostTexts)
      throw invalid_input(
          "prompt", fmt::format("it changes with the steps to more than {} different ones", kMostTexts));
  }
  for (const auto& [prompt, negative, to] : shown) {
    check_emphasis("prompt", prompt);
    check_emphasis("negative_prompt", negative);
    check_emphasis("to_prompt", to);
  }
}

}  // namespace

Conditioning compose_prompts(const Settings& settings, const PromptConditioner& conditioner) {
  if (settings.plain_prompt) return conditioner.condition(settings);
  const Prompts prompts(settings);
  if (prompts.is_constant() && prompts.is_one()) return conditioner.condition(settings);
  const auto composition = std::make_shared<const Composition>(settings, prompts, conditioner);
  return [composition](double progress) { return composition->at(progress); };
}

void check_prompts(const Settings& s) {
  if (s.plain_prompt) return;
  check_length("prompt", s.prompt);
  check_length("negative_prompt", s.negative_prompt);
  check_length("to_prompt", s.to_prompt);
  check_length("style", s.style);
  check_single("negative_prompt", s.negative_prompt);
  check_single("to_prompt", s.to_prompt);
  check_emphasis("style", constant_prompt("style", s.style));
  const Prompts prompts(s);
  if (s.invert) {
    (void)constant_prompt("prompt", s.prompt);
    (void)constant_prompt("negative_prompt", s.negative_prompt);
    (void)constant_prompt("to_prompt", s.to_prompt);
  }
  check_texts(prompts, prompts.is_constant() ? 1 : s.steps);
}

const std::string& constant_prompt(const char* field, const std::string& text) {
  check_single(field, text);
  if (read_prompt(field, [&] { return PromptSchedule(text); }).is_constant()) return text;
  throw invalid_input(field,
                      "[from:to:when] and [a|b] change the prompt with the steps, which has no meaning here");
}

}  // namespace latentdial
