#pragma once

#include <compare>
#include <string>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/settings.h"
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

/// Throws invalid_input for prompts whose syntax cannot be read, and where AND or a change with the steps
/// stands where it has no meaning: in a style, in a negative prompt or the other end of an interpolation
/// (AND), or with a picture to be inverted. Needs no model.
void check_prompts(const Settings& settings);

/// The text itself, where it is one prompt that does not change with the steps. Otherwise throws
/// invalid_input, of `field`.
[[nodiscard]] const std::string& constant_prompt(const char* field, const std::string& text);

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
