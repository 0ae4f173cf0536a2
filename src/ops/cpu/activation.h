#pragma once

#include "ops/cpu/context.h"
#include "ops/ops.h"

namespace latentdial::ops::cpu {

[[nodiscard]] Tensor activate(const Context& context, const Tensor& x, Activation activation);
[[nodiscard]] Tensor geglu(const Context& context, const Tensor& x);

}  // namespace latentdial::ops::cpu
