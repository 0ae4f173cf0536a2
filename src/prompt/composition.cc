#include "prompt/composition.h"

#include <fmt/format.h>

#include <cmath>

#include "latentdial/error.h"
#include "prompt/prompt_words.h"

namespace latentdial::detail {
namespace {

constexpr double kLargestWeight = 100;
constexpr std::size_t kMostTerms = 16;

/// "a cat :1.2" → "a cat" and 1.2.
PromptTerm read_term(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || (colon > 0 && is_escape(text, colon - 1)))
    return {std::string(text)};
  const auto weight = read_decimal(text.substr(colon + 1));
  if (!weight) return {std::string(text)};
  if (std::abs(*weight) > kLargestWeight)
    throw invalid_input("prompt", fmt::format("{} is out of range as a weight beside AND; use -{} to {}",
                                              *weight, kLargestWeight, kLargestWeight));
  return {std::string(trimmed(text.substr(0, colon))), *weight};
}

}  // namespace

std::vector<PromptTerm> split_terms(std::string_view prompt) {
  const auto parts = split_at_word(prompt, "AND");
  if (parts.size() == 1) return {{std::string(prompt)}};
  if (parts.size() > kMostTerms)
    throw invalid_input(
        "prompt", fmt::format("{} prompts are joined by AND; {} are the most", parts.size(), kMostTerms));
  std::vector<PromptTerm> terms;
  for (const auto part : parts) terms.push_back(read_term(part));
  return terms;
}

}  // namespace latentdial::detail
