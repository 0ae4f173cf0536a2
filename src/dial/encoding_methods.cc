#include <cmath>
#include <cstddef>

#include "dial/methods.h"
#include "dial/slerp.h"

namespace latentdial {
namespace {

Conditioning interpolate(const DialRequest& request, const Tensor& from, const Tensor& to, double theta) {
  return request.guidance.condition(request.per_token ? slerp_per_token(from, to, theta)
                                                      : slerp(from, to, theta));
}

/// a + weight · b.
Tensor plus(const Tensor& a, double weight, const Tensor& b) {
  Tensor sum = a.clone();
  for (std::size_t i = 0; i < sum.values().size(); ++i)
    sum.values()[i] += static_cast<float>(weight * b.values()[i]);
  return sum;
}

double norm(const Tensor& x) {
  double sum = 0;
  for (const float value : x.values()) sum += static_cast<double>(value) * value;
  return std::sqrt(sum);
}

}  // namespace

Conditioning condition_slerp(const DialRequest& request, const DialPrompts& prompts) {
  const Tensor x1 = prompts.content("").states;
  return interpolate(request, x1, plus(x1, 1, prompts.text(request.style).states), request.position);
}

Conditioning condition_slerp_diff(const DialRequest& request, const DialPrompts& prompts) {
  const Tensor x1 = prompts.content("").states;
  return interpolate(request, x1, plus(x1, -1, prompts.text(request.style).states), -request.position);
}

Conditioning condition_slerp_diff_normalised(const DialRequest& request, const DialPrompts& prompts) {
  const Tensor x1 = prompts.content("").states;
  Tensor difference = plus(x1, -1, prompts.text(request.style).states);
  const double length = norm(difference);
  if (length == 0) return request.guidance.condition(x1);
  const double scale = norm(x1) / length;
  for (float& value : difference.values()) value = static_cast<float>(value * scale);
  return interpolate(request, x1, difference, -request.position);
}

Conditioning condition_lerp(const DialRequest& request, const DialPrompts& prompts) {
  const Tensor x1 = prompts.content("").states, x2 = prompts.content(", " + request.style).states;
  return request.guidance.condition(lerp(x1, x2, request.position));
}

}  // namespace latentdial
