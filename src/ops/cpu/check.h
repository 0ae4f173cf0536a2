#pragma once

#include <memory>
#include <string_view>

#include "ops/cpu/operations.h"
#include "ops/ops.h"

/// Guards against calls that no model should make. A failure is a fault of ours: Error with
/// ErrorCode::internal.
namespace latentdial::detail::ops::cpu {

/// Throws Error(internal): "<op>: <what>".
[[noreturn]] void fault(std::string_view op, std::string_view what);
/// `x` must be defined, in the context's type, and not of rank 0.
void check_activation(std::string_view op, const Context& context, const Tensor& x);
/// `x` must be as check_activation says and have this shape.
void check_activation(std::string_view op, const Context& context, const Tensor& x, const Shape& shape);
/// `x` must be a f32 tensor of this shape.
void check_parameter(std::string_view op, const Tensor& x, const Shape& shape);

/// The parameter as the kind that this operation packed.
template <class Kind>
const Kind& unpack(std::string_view op, const PackedWeight& w) {
  const auto* kind = dynamic_cast<const Kind*>(w.get());
  if (kind == nullptr) fault(op, "the parameter was not prepared for this operation");
  return *kind;
}

}  // namespace latentdial::detail::ops::cpu
