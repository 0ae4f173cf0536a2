#include "dial/methods.h"

#include <cmath>
#include <utility>
#include <vector>

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

/// Where the picture starts and the direction of the style: from prompts without it to those with it.
struct Direction {
  PromptPair origin, plain, styled;
};

Direction direction_of(const DialRequest& request, const DialPrompts& prompts) {
  const Condition& negative = request.guidance.negative;
  const PromptPair origin = {prompts.content({}).condition, negative};
  if (request.is_lora) return {origin, origin, prompts.with_lora(1)};
  if (const auto plain = without_style(request.prompt, request.style))
    return {origin, {prompts.text(*plain).condition, negative}, origin};
  return {origin, origin, {prompts.content(request.styled()).condition, negative}};
}

/// A prediction at a guidance scale, and where the mask is so much of what changes it from `less` to `more`.
GuidedStep changed(const PromptPair& origin, double scale, const PromptPair& more, const PromptPair& less,
                   double weight, const Tensor& mask) {
  std::vector<GuidanceTerm> terms = {{origin.negative, 1 - scale},
                                     {origin.text, scale},
                                     {more.text, scale * weight, mask},
                                     {less.text, -scale * weight, mask}};
  if (!more.negative.is(less.negative)) {
    terms.push_back({more.negative, (1 - scale) * weight, mask});
    terms.push_back({less.negative, (scale - 1) * weight, mask});
  }
  return weighted_sum(terms);
}

/// The prompts at a strength of the style's words: by a text state between.
PromptPair between(const DialRequest& request, const DialPrompts& prompts) {
  const Direction direction = direction_of(request, prompts);
  const Condition style = combine(direction.styled.text, direction.plain.text,
                                  [](const Tensor& a, const Tensor& b) { return plus(a, -1, b); });
  const auto add = [&](const Tensor& a, const Tensor& b) { return plus(a, request.position, b); };
  return {combine(direction.origin.text, style, add), direction.origin.negative};
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
  const PromptPair drawn = request.is_lora ? prompts.with_lora(request.position) : between(request, prompts);
  if (!request.mask.defined()) {
    ClassifierFreeGuidance guidance = request.guidance;
    guidance.negative = drawn.negative;
    return guidance.condition(drawn.text);
  }
  const PromptPair origin = {prompts.content({}).condition, request.guidance.negative};
  return [drawn, origin, guidance = request.guidance, mask = request.mask](double progress) {
    return changed(origin, guidance.scale_at(progress), drawn, origin, 1, mask);
  };
}

Conditioning condition_guide(const DialRequest& request, const DialPrompts& prompts) {
  return [strength = request.position, window = request.window, guidance = request.guidance,
          mask = request.mask, direction = direction_of(request, prompts)](double progress) {
    const double lambda = window.contains(progress) ? strength : 0;
    return changed(direction.origin, guidance.scale_at(progress), direction.styled, direction.plain, lambda,
                   mask);
  };
}

}  // namespace latentdial::detail
