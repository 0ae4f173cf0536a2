#include <cstddef>
#include <numeric>

#include "dial/methods.h"

namespace latentdial {
namespace {

/// The encoding of "PROMPT, STYLE" and which of its values belong to the style's tokens.
struct StyledTokens {
  Tensor states;
  std::size_t begin = 0, end = 0;  ///< In values, whole rows of the last axis.
};

StyledTokens styled_tokens(const DialRequest& request, const DialPrompts& prompts) {
  const EncodedPrompt styled = prompts.content(", " + request.style);
  const auto width = styled.states.dim(-1);
  // Row 0 is the start token.
  const auto row = [&](std::int64_t token) { return static_cast<std::size_t>((1 + token) * width); };
  return {styled.states.clone(), row(prompts.content(",").prompt_tokens), row(styled.prompt_tokens)};
}

double mean(const Tensor& x) {
  return std::accumulate(x.values().begin(), x.values().end(), 0.0) / static_cast<double>(x.values().size());
}

}  // namespace

Conditioning condition_weight(const DialRequest& request, const DialPrompts& prompts) {
  StyledTokens styled = styled_tokens(request, prompts);
  const double before = mean(styled.states);
  for (std::size_t i = styled.begin; i < styled.end; ++i)
    styled.states.values()[i] = static_cast<float>(request.position * styled.states.values()[i]);
  const double after = mean(styled.states);
  if (after != 0) {
    for (float& value : styled.states.values()) value = static_cast<float>(value * before / after);
  }
  return request.guidance.condition(styled.states);
}

Conditioning condition_weight_compel(const DialRequest& request, const DialPrompts& prompts) {
  StyledTokens styled = styled_tokens(request, prompts);
  const Tensor empty = prompts.text("").states;
  for (std::size_t i = styled.begin; i < styled.end; ++i) {
    const double none = empty.values()[i];
    styled.states.values()[i] =
        static_cast<float>(none + request.position * (styled.states.values()[i] - none));
  }
  return request.guidance.condition(styled.states);
}

}  // namespace latentdial
