#pragma once

#include <compare>
#include <string>
#include <vector>

#include "latentdial/error.h"
#include "prompt/schedule.h"

namespace latentdial::detail {

/// The prompts of a picture at one step.
struct Texts {
  std::string prompt, negative_prompt, to_prompt;
  auto operator<=>(const Texts&) const = default;
};

/// Prompts that may be joined by AND and change with the steps, and what they are at each step.
class PromptSteps {
 public:
  /// Throws invalid_input, naming the prompt whose syntax cannot be read.
  PromptSteps(const Texts& texts, int steps);

  /// Whether every text is the same at every step.
  [[nodiscard]] bool is_constant() const;
  /// Whether no AND joins prompts.
  [[nodiscard]] bool is_one() const { return terms_.size() == 1; }

  struct Weighted {
    double weight;
    Texts texts;  ///< With one prompt that does not change.
  };
  [[nodiscard]] std::vector<Weighted> at(int step) const;
  [[nodiscard]] int steps() const { return steps_; }

 private:
  struct Term {
    double weight;
    PromptSchedule text;
  };
  int steps_;
  std::vector<Term> terms_;
  PromptSchedule negative_, to_;
};

/// What `read` returns. What it throws of "prompt" becomes an Error of `field`, the prompt that it reads.
template <class Read>
auto read_prompt(const char* field, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    if (error.field() != "prompt") throw;
    throw error.about(field);
  }
}

}  // namespace latentdial::detail
