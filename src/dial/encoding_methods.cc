#include <cmath>
#include <utility>

#include "dial/methods.h"
#include "dial/slerp.h"
#include "dial/text_states.h"
#include "tensor/arithmetic.h"

namespace latentdial {
namespace {

/// The prompt's encoding and another text's, of one length.
struct Pair {
  Tensor prompt, other;
};

Pair pair(const EncodedPrompt& prompt, const EncodedPrompt& other) {
  const auto states = same_length({prompt.states, other.states});
  return {states[0], states[1]};
}

Conditioning interpolate(const DialRequest& request, const Tensor& from, const Tensor& to, double theta) {
  return request.guidance.condition(request.per_token ? slerp_per_token(from, to, theta)
                                                      : slerp(from, to, theta));
}

/// a + weight · b.
Tensor plus(const Tensor& a, double weight, const Tensor& b) {
  Tensor sum = a.clone();
  add_scaled(sum, weight, b);
  return sum;
}

double norm(const Tensor& x) {
  return std::sqrt(dot(x.values(), x.values()));
}

}  // namespace

Conditioning condition_slerp(const DialRequest& request, const DialPrompts& prompts) {
  const auto [x1, v] = pair(prompts.content(""), prompts.text(request.style));
  return interpolate(request, x1, plus(x1, 1, v), request.position);
}

Conditioning condition_slerp_diff(const DialRequest& request, const DialPrompts& prompts) {
  const auto [x1, v] = pair(prompts.content(""), prompts.text(request.style));
  return interpolate(request, x1, plus(x1, -1, v), -request.position);
}

Conditioning condition_slerp_diff_normalised(const DialRequest& request, const DialPrompts& prompts) {
  const auto [x1, v] = pair(prompts.content(""), prompts.text(request.style));
  Tensor difference = plus(x1, -1, v);
  const double length = norm(difference);
  if (length == 0) return request.guidance.condition(x1);
  return interpolate(request, x1, scaled(std::move(difference), norm(x1) / length), -request.position);
}

Conditioning condition_lerp(const DialRequest& request, const DialPrompts& prompts) {
  const auto [x1, x2] = pair(prompts.content(""), prompts.content(", " + request.style));
  return request.guidance.condition(lerp(x1, x2, request.position));
}

}  // namespace latentdial
