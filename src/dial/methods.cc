#include "dial/methods.h"

#include <cmath>
#include <utility>

#include "dial/slerp.h"
#include "dial/style_words.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

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

/// Where the picture starts and the direction of the style: from a prompt without it to one with it.
struct Direction {
  Condition origin, plain, styled;
};

Direction direction_of(const DialRequest& request, const DialPrompts& prompts) {
  const Condition origin = prompts.content({}).condition;
  if (const auto plain = without_style(request.prompt, request.style))
    return {origin, prompts.text(*plain).condition, origin};
  return {origin, origin, prompts.content(request.styled()).condition};
}

/// The prediction at a guidance scale with so much of the direction in it.
GuidedStep guided(const Direction& direction, const Condition& negative, double scale, double lambda,
                  const Tensor& mask) {
  return weighted_sum({{negative, 1 - scale},
                       {direction.origin, scale},
                       {direction.styled, scale * lambda, mask},
                       {direction.plain, -scale * lambda, mask}});
}

}  // namespace

Conditioning condition_slerp(const DialRequest& request, const DialPrompts& prompts) {
  const Condition x1 = prompts.content({}).condition, v = prompts.text(request.style).condition;
  const auto sum = [](const Tensor& a, const Tensor& b) { return plus(a, 1, b); };
  return interpolate(request, x1, combine(x1, v, sum), request.position);
}

Conditioning condition_slerp_diff(const DialRequest& request, const DialPrompts& prompts) {
  const Condition x1 = prompts.content({}).condition, v = prompts.text(request.style).condition;
  const auto difference = [](const Tensor& a, const Tensor& b) { return plus(a, -1, b); };
  return interpolate(request, x1, combine(x1, v, difference), -request.position);
}

Conditioning condition_slerp_diff_normalised(const DialRequest& request, const DialPrompts& prompts) {
  const Condition x1 = prompts.content({}).condition, v = prompts.text(request.style).condition;
  return interpolate(request, x1, combine(x1, v, difference_as_long), -request.position);
}

Conditioning condition_lerp(const DialRequest& request, const DialPrompts& prompts) {
  const Condition x1 = prompts.content({}).condition, x2 = prompts.content(request.styled()).condition;
  return request.guidance.condition(
      combine(x1, x2, [&](const Tensor& a, const Tensor& b) { return lerp(a, b, request.position); }));
}

Conditioning condition_between(const DialRequest& request, const DialPrompts& prompts) {
  const Direction direction = direction_of(request, prompts);
  const Condition style = combine(direction.styled, direction.plain,
                                  [](const Tensor& a, const Tensor& b) { return plus(a, -1, b); });
  const Condition between = combine(direction.origin, style, [&](const Tensor& a, const Tensor& b) {
    return plus(a, request.position, b);
  });
  if (!request.mask.defined()) return request.guidance.condition(between);
  return [between, origin = direction.origin, guidance = request.guidance,
          mask = request.mask](double progress) {
    const double scale = guidance.scale_at(progress);
    return weighted_sum(
        {{guidance.negative, 1 - scale}, {origin, scale}, {between, scale, mask}, {origin, -scale, mask}});
  };
}

Conditioning condition_guide(const DialRequest& request, const DialPrompts& prompts) {
  return [strength = request.position, window = request.window, guidance = request.guidance,
          mask = request.mask, direction = direction_of(request, prompts)](double progress) {
    const double lambda = window.contains(progress) ? strength : 0;
    return guided(direction, guidance.negative, guidance.scale_at(progress), lambda, mask);
  };
}

}  // namespace latentdial::detail
