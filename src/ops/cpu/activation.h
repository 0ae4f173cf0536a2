#pragma once

#include "ops/cpu/context.h"
#include "ops/ops.h"

namespace latentdial::detail::ops::cpu {

[[nodiscard]] Tensor activate(const Context& context, const Tensor& x, Activation activation);
[[nodiscard]] Tensor geglu(const Context& context, const Tensor& x);

}  // namespace latentdial::detail::ops::cpu
