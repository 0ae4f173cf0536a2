#pragma once

#include "ops/cpu/context.h"
#include "ops/ops.h"

namespace latentdial::detail::ops::cpu {

/// The f32 tensor in the context's type; the tensor itself when it already is.
[[nodiscard]] Tensor to_device(const Context& context, const Tensor& host);
/// The activation in f32; the tensor itself when it already is.
[[nodiscard]] Tensor to_host(const Context& context, const Tensor& device);

}  // namespace latentdial::detail::ops::cpu
