#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// Emphasis as A1111's web UI does it: each token's state times its weight, then each window of `window`
/// tokens times mean(before)/mean(after). `states` [1,T,C], one weight per token. Weights that are all 1
/// change no bit.
[[nodiscard]] Tensor emphasise(const Tensor& states, std::span<const float> weights, std::int64_t window);

/// Encodings [1,T,C] brought to one length, the least common multiple of theirs, by repeating each: attention
/// over repeated tokens is attention over the tokens themselves. Where that is more than four times the
/// longest, to the longest's, and the others are repeated as far as they go: ten windows and eleven would
/// take 110.
[[nodiscard]] std::vector<Tensor> same_length(const std::vector<Tensor>& states);

}  // namespace latentdial::detail
