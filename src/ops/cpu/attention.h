#pragma once

#include "ops/cpu/context.h"
#include "ops/ops.h"

namespace latentdial::detail::ops::cpu {

[[nodiscard]] Tensor attention(const Context& context, const Tensor& q, const Tensor& k, const Tensor& v,
                               std::int64_t heads, bool causal);

}  // namespace latentdial::detail::ops::cpu
