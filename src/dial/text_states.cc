#include "dial/text_states.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace latentdial::detail {
namespace {

double mean(std::span<const float> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void emphasise_window(std::span<float> states, std::span<const float> weights) {
  if (std::all_of(weights.begin(), weights.end(), [](float weight) { return weight == 1; })) return;
  const double before = mean(states);
  const std::size_t width = states.size() / weights.size();
  for (std::size_t i = 0; i < states.size(); ++i) states[i] *= weights[i / width];
  const double after = mean(states);
  if (after == 0) return;
  for (float& value : states) value = static_cast<float>(value * before / after);
}

/// Encodings are not made longer than so many times the longest.
constexpr std::int64_t kMostLonger = 4;

Tensor repeated(const Tensor& states, std::int64_t tokens) {
  if (states.dim(1) == tokens) return states;
  Tensor result = Tensor::empty({1, tokens, states.dim(2)});
  const auto own = std::as_const(states).values();
  for (std::size_t i = 0; i < result.values().size(); ++i) result.values()[i] = own[i % own.size()];
  return result;
}

}  // namespace

Tensor emphasise(const Tensor& states, std::span<const float> weights, std::int64_t window) {
  Tensor result = states.clone();
  const auto tokens = static_cast<std::size_t>(window), width = static_cast<std::size_t>(states.dim(-1));
  for (std::size_t begin = 0; begin < weights.size(); begin += tokens)
    emphasise_window(result.values().subspan(begin * width, tokens * width), weights.subspan(begin, tokens));
  return result;
}

std::vector<Tensor> same_length(const std::vector<Tensor>& states) {
  std::int64_t longest = 1, common = 1;
  for (const Tensor& one : states) longest = std::max(longest, one.dim(1));
  for (const Tensor& one : states)
    if (common <= kMostLonger * longest) common = std::lcm(common, one.dim(1));
  const std::int64_t tokens = common > kMostLonger * longest ? longest : common;
  std::vector<Tensor> result;
  for (const Tensor& one : states) result.push_back(repeated(one, tokens));
  return result;
}

}  // namespace latentdial::detail
