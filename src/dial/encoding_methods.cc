#include <cmath>
#include <utility>

#include "dial/methods.h"
#include "dial/slerp.h"
#include "dial/text_states.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// The prompt's encoding and another text's, of one length.
struct Pair {
  Condition prompt, other;
};

Pair pair(const EncodedPrompt& prompt, const EncodedPrompt& other) {
  const auto tokens = same_length({prompt.condition.tokens, other.condition.tokens});
  Pair result{prompt.condition, other.condition};
  result.prompt.tokens = tokens[0];
  result.other.tokens = tokens[1];
  return result;
}

Conditioning interpolate(const DialRequest& request, const Condition& from, const Condition& to,
                         double theta) {
  return request.guidance.condition(combine(from, to, [&](const Tensor& a, const Tensor& b) {
    return request.per_token ? slerp_per_token(a, b, theta) : slerp(a, b, theta);
  }));
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

/// a − b at the length of a; a itself where nothing is left.
Tensor difference_as_long(const Tensor& a, const Tensor& b) {
  Tensor difference = plus(a, -1, b);
  const double length = norm(difference);
  if (length == 0) return a;
  return scaled(std::move(difference), norm(a) / length);
}

}  // namespace

Conditioning condition_slerp(const DialRequest& request, const DialPrompts& prompts) {
  const auto [x1, v] = pair(prompts.content(""), prompts.text(request.style));
  const auto sum = [](const Tensor& a, const Tensor& b) { return plus(a, 1, b); };
  return interpolate(request, x1, combine(x1, v, sum), request.position);
}

Conditioning condition_slerp_diff(const DialRequest& request, const DialPrompts& prompts) {
  const auto [x1, v] = pair(prompts.content(""), prompts.text(request.style));
  const auto difference = [](const Tensor& a, const Tensor& b) { return plus(a, -1, b); };
  return interpolate(request, x1, combine(x1, v, difference), -request.position);
}

Conditioning condition_slerp_diff_normalised(const DialRequest& request, const DialPrompts& prompts) {
  const auto [x1, v] = pair(prompts.content(""), prompts.text(request.style));
  return interpolate(request, x1, combine(x1, v, difference_as_long), -request.position);
}

Conditioning condition_lerp(const DialRequest& request, const DialPrompts& prompts) {
  const auto [x1, x2] = pair(prompts.content(""), prompts.content(", " + request.style));
  return request.guidance.condition(
      combine(x1, x2, [&](const Tensor& a, const Tensor& b) { return lerp(a, b, request.position); }));
}

}  // namespace latentdial::detail
