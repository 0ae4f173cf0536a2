#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace latentdial::detail {

/// One of several prompts that are joined by AND.
struct PromptTerm {
  std::string text;
  double weight = 1;
  friend bool operator==(const PromptTerm&, const PromptTerm&) = default;
};

/// Cuts a prompt at each AND, a word in capitals: "a cat :1.2 AND a dog" are two terms, of weights 1.2 and 1
/// (composable diffusion: Liu et al. 2022, arXiv 2206.01714, in the syntax of A1111's web UI). A prompt
/// without AND is one term of weight 1, whatever it ends with. Throws invalid_input for weights outside ±100
/// and for more than 16 terms.
[[nodiscard]] std::vector<PromptTerm> split_terms(std::string_view prompt);

}  // namespace latentdial::detail
