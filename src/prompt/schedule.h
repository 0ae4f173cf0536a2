#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace latentdial::detail {

/// A prompt that changes while the picture is made, in the syntax of A1111's web UI: [from:to:10] is `from`
/// for the first 10 steps and `to` after them, [from:to:0.5] changes after that share of the steps (a number
/// with a point), [to:when] and [from::when] have nothing before or after, [a|b|c] goes round with the steps.
/// They nest. Other brackets, and those after a backslash, are left to `parse_emphasis`.
class PromptSchedule {
 public:
  /// Throws invalid_input for brackets more than 64 deep.
  explicit PromptSchedule(std::string_view prompt);

  /// Whether the text is the same at every step.
  [[nodiscard]] bool is_constant() const;
  /// The text at `step` of `steps`, from 0.
  [[nodiscard]] std::string at(int step, int steps) const;

  struct Node;

 private:
  std::shared_ptr<const Node> root_;
};

}  // namespace latentdial::detail
