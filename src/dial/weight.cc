#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "dial/methods.h"
#include "dial/text_states.h"

namespace latentdial {
namespace {

/// The tokens of the style in the encoding of "PROMPT, STYLE": those behind the comma.
std::span<const std::int64_t> style_tokens(const EncodedPrompt& styled, const DialPrompts& prompts) {
  return std::span(styled.tokens).subspan(std::min(styled.tokens.size(), prompts.content(",").tokens.size()));
}

}  // namespace

Conditioning condition_weight(const DialRequest& request, const DialPrompts& prompts) {
  const EncodedPrompt styled = prompts.content(", " + request.style);
  std::vector<float> weights(static_cast<std::size_t>(styled.states.dim(1)), 1.0F);
  for (const auto token : style_tokens(styled, prompts))
    weights[static_cast<std::size_t>(token)] = static_cast<float>(request.position);
  return request.guidance.condition(emphasise(styled.states, weights, prompts.text("").states.dim(1)));
}

Conditioning condition_weight_compel(const DialRequest& request, const DialPrompts& prompts) {
  const EncodedPrompt styled = prompts.content(", " + request.style);
  const Tensor empty = prompts.text("").states;
  Tensor states = styled.states.clone();
  const auto width = static_cast<std::size_t>(states.dim(-1));
  for (const auto token : style_tokens(styled, prompts)) {
    for (std::size_t c = 0; c < width; ++c) {
      const double none = empty.values()[static_cast<std::size_t>(token % empty.dim(1)) * width + c];
      float& value = states.values()[static_cast<std::size_t>(token) * width + c];
      value = static_cast<float>(none + request.position * (value - none));
    }
  }
  return request.guidance.condition(states);
}

}  // namespace latentdial
