#include "dial/peers/peers.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "dial/text_states.h"

namespace latentdial::detail {
namespace {

/// The tokens of the style in the encoding of "PROMPT, STYLE": those behind the comma.
std::span<const std::int64_t> style_tokens(const EncodedPrompt& styled, const DialPrompts& prompts) {
  return std::span(styled.words)
      .subspan(std::min(styled.words.size(), prompts.content({.after = ","}).words.size()));
}

/// Contents that the style is contrasted on, so that the vector keeps what they share: the style.
constexpr const char* kContents[] = {"a house", "a dog", "a tree", "a city", "a person", "a table"};

/// Mean state [C] over all tokens, the padding that the U-Net listens to included.
std::vector<double> mean_state(const Tensor& states) {
  const auto width = static_cast<std::size_t>(states.dim(-1));
  std::vector<double> mean(width);
  const double share = static_cast<double>(width) / static_cast<double>(states.values().size());
  for (std::size_t i = 0; i < states.values().size(); ++i) mean[i % width] += share * states.values()[i];
  return mean;
}

/// CFG(x₁) + p·s·(ε(x₂) − ε(x₁)), the second from `start` of the run on.
Conditioning add_contrast(const DialRequest& request, const DialPrompts& prompts, double start) {
  return [request, start, content = prompts.content({}).condition,
          styled = prompts.content(request.styled()).condition](double progress) {
    auto terms = request.guidance.terms(content, progress);
    const double eta = progress < start ? 0 : request.guidance.scale * request.position;
    terms.push_back({styled, eta});
    terms.push_back({content, -eta});
    return weighted_sum(terms);
  };
}

}  // namespace

Conditioning condition_weight(const DialRequest& request, const DialPrompts& prompts) {
  EncodedPrompt styled = prompts.content(request.styled());
  std::vector<float> weights(static_cast<std::size_t>(styled.condition.tokens.dim(1)), 1.0F);
  for (const auto token : style_tokens(styled, prompts))
    weights[static_cast<std::size_t>(token)] = static_cast<float>(request.position);
  const auto window = prompts.text("").condition.tokens.dim(1);
  styled.condition.tokens = emphasise(styled.condition.tokens, weights, window);
  return request.guidance.condition(styled.condition);
}

Conditioning condition_weight_compel(const DialRequest& request, const DialPrompts& prompts) {
  EncodedPrompt styled = prompts.content(request.styled());
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

Conditioning condition_dreamwalk(const DialRequest& request, const DialPrompts& prompts) {
  return [request, content = prompts.content({}).condition,
          style = prompts.text(request.style).condition](double progress) {
    auto terms = request.guidance.terms(content, progress);
    const double strength = progress < kDreamWalkStart ? 0 : request.guidance.scale * request.position;
    terms.push_back({style, strength});
    terms.push_back({request.guidance.negative, -strength});
    return weighted_sum(terms);
  };
}

Conditioning condition_free_sliders(const DialRequest& request, const DialPrompts& prompts) {
  return add_contrast(request, prompts, kFreeSlidersStart);
}

Conditioning condition_flow_slider(const DialRequest& request, const DialPrompts& prompts) {
  return add_contrast(request, prompts, 0);
}

Conditioning condition_steer(const DialRequest& request, const DialPrompts& prompts) {
  Condition steered = prompts.content({}).condition;
  Tensor& states = steered.tokens = steered.tokens.clone();
  const auto width = static_cast<std::size_t>(states.dim(-1));
  std::vector<double> vector(width);
  for (const char* content : kContents) {
    const auto plain = mean_state(prompts.text(content).condition.tokens);
    const auto styled =
        mean_state(prompts.text(std::string(content) + ", " + request.style).condition.tokens);
    for (std::size_t c = 0; c < width; ++c) vector[c] += (styled[c] - plain[c]) / std::size(kContents);
  }
  for (std::size_t i = 0; i < states.values().size(); ++i)
    states.values()[i] += static_cast<float>(request.position * vector[i % width]);
  return request.guidance.condition(steered);
}

}  // namespace latentdial::detail
