#pragma once

#include "ops/cpu/context.h"
#include "ops/ops.h"

namespace latentdial::detail::ops::cpu {

/// Scale and offset of a normalisation, in f32.
struct PackedNorm final : Packed {
  Tensor gamma, beta;  // [C]
  float epsilon = 0;
};

[[nodiscard]] PackedWeight prepare_norm(const Tensor& gamma, const Tensor& beta, float epsilon);
[[nodiscard]] Tensor group_norm(const Context& context, const Tensor& x, const PackedWeight& w,
                                std::int64_t groups, const GroupNormExtras& extras);
[[nodiscard]] Tensor layer_norm(const Context& context, const Tensor& x, const PackedWeight& w);

}  // namespace latentdial::detail::ops::cpu
