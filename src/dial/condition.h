#pragma once

#include <functional>
#include <utility>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// What a denoiser is told of a picture besides its latents, f32 on the host.
struct Condition {
  Tensor tokens;    ///< [1,T,C], what cross-attention looks at: a prompt's text states.
  Tensor vector;    ///< [1,V], added to the timestep: pooled text, sizes, an image embedding; or undefined.
  Tensor channels;  ///< [1,h,w,K], laid beside the latents: a mask, a masked picture; or undefined.

  Condition() = default;
  /// A prompt's text states alone.
  Condition(Tensor text_states) : tokens(std::move(text_states)) {}

  /// Whether both are the same tensors, not only equal ones.
  [[nodiscard]] bool is(const Condition& other) const {
    return tokens.raw() == other.tokens.raw() && vector.raw() == other.vector.raw() &&
           channels.raw() == other.channels.raw();
  }
};

/// `between` of the tokens of two conditions and of their vectors; the channels are the first one's.
[[nodiscard]] inline Condition combine(
    const Condition& a, const Condition& b,
    const std::function<Tensor(const Tensor& a, const Tensor& b)>& between) {
  Condition result(between(a.tokens, b.tokens));
  if (a.vector.defined()) result.vector = between(a.vector, b.vector);
  result.channels = a.channels;
  return result;
}

}  // namespace latentdial::detail
