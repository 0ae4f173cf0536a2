#pragma once

#include "ops/cpu/context.h"
#include "ops/ops.h"

namespace latentdial::detail::ops::cpu {

[[nodiscard]] Tensor upsample_nearest2x(const Context& context, const Tensor& x, std::int64_t height,
                                        std::int64_t width);
[[nodiscard]] Tensor concat_channels(const Context& context, const Tensor& a, const Tensor& b);
[[nodiscard]] Tensor gather_batch(const Context& context, const Tensor& x,
                                  std::span<const std::int64_t> indices);

}  // namespace latentdial::detail::ops::cpu
