#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "dial/peers/peers.h"
#include "dial/text_states.h"

namespace latentdial::detail {
namespace {

/// The tokens of the style in the encoding of "PROMPT, STYLE": those behind the comma.
std::span<const std::int64_t> style_tokens(const EncodedPrompt& styled, const DialPrompts& prompts) {
  return std::span(styled.words).subspan(std::min(styled.words.size(), prompts.content(",").words.size()));
}

}  // namespace

Conditioning condition_weight(const DialRequest& request, const DialPrompts& prompts) {
  EncodedPrompt styled = prompts.content(", " + request.style);
  std::vector<float> weights(static_cast<std::size_t>(styled.condition.tokens.dim(1)), 1.0F);
  for (const auto token : style_tokens(styled, prompts))
    weights[static_cast<std::size_t>(token)] = static_cast<float>(request.position);
  const auto window = prompts.text("").condition.tokens.dim(1);
  styled.condition.tokens = emphasise(styled.condition.tokens, weights, window);
  return request.guidance.condition(styled.condition);
}

Conditioning condition_weight_compel(const DialRequest& request, const DialPrompts& prompts) {
  EncodedPrompt styled = prompts.content(", " + request.style);
  const Tensor empty = prompts.text("").condition.tokens;
  Tensor& states = styled.condition.tokens = styled.condition.tokens.clone();
  const auto width = static_cast<std::size_t>(states.dim(-1));
  for (const auto token : style_tokens(styled, prompts)) {
    for (std::size_t c = 0; c < width; ++c) {
      const double none = empty.values()[static_cast<std::size_t>(token % empty.dim(1)) * width + c];
      float& value = states.values()[static_cast<std::size_t>(token) * width + c];
      value = static_cast<float>(none + request.position * (value - none));
    }
  }
  return request.guidance.condition(styled.condition);
}

}  // namespace latentdial::detail
