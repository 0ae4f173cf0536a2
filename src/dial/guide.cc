#include "dial/methods.h"
#include "dial/style_words.h"

namespace latentdial::detail {
namespace {

/// Where the picture starts and the direction of the style: from a prompt without it to one with it.
struct Direction {
  Condition origin, plain, styled;
};

Direction direction_of(const DialRequest& request, const DialPrompts& prompts) {
  const Condition origin = prompts.content("").condition;
  if (const auto plain = without_style(request.prompt, request.style))
    return {origin, prompts.text(*plain).condition, origin};
  return {origin, origin, prompts.content(", " + request.style).condition};
}

}  // namespace

Conditioning condition_guide(const DialRequest& request, const DialPrompts& prompts) {
  return [strength = request.position, window = request.window, guidance = request.guidance,
          mask = request.mask, direction = direction_of(request, prompts)](double progress) {
    const double lambda = window.contains(progress) ? strength : 0;
    const double scale = guidance.scale_at(progress);
    return weighted_sum({{guidance.negative, 1 - scale},
                         {direction.origin, scale},
                         {direction.styled, scale * lambda, mask},
                         {direction.plain, -scale * lambda, mask}});
  };
}

}  // namespace latentdial::detail
