#pragma once

#include "ops/cpu/context.h"
#include "ops/ops.h"

namespace latentdial::detail::ops::cpu {

[[nodiscard]] Tensor add(const Context& context, const Tensor& a, const Tensor& b);
[[nodiscard]] Tensor mix(const Context& context, const Tensor& a, const Tensor& b, float share);
/// y += x, of equal shape.
void add_to(const Context& context, Tensor& y, const Tensor& x);

}  // namespace latentdial::detail::ops::cpu
