#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include "dial/peers/peers.h"

namespace latentdial::detail {
namespace {

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

}  // namespace

Conditioning condition_steer(const DialRequest& request, const DialPrompts& prompts) {
  Condition steered = prompts.content("").condition;
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
