#include "ops/cpu/check.h"

#include <fmt/format.h>

#include "latentdial/error.h"

namespace latentdial::detail::ops::cpu {

void fault(std::string_view op, std::string_view what) {
  throw Error(ErrorCode::internal, fmt::format("{}: {}", op, what));
}

void check_activation(std::string_view op, const Context& context, const Tensor& x) {
  if (!x.defined() || x.rank() == 0) fault(op, "an argument is missing");
  if (x.dtype() != context.dtype) {
    fault(op, fmt::format("an argument is {} where {} is needed", name(x.dtype()), name(context.dtype)));
  }
}

void check_activation(std::string_view op, const Context& context, const Tensor& x, const Shape& shape) {
  check_activation(op, context, x);
  if (x.shape() != shape) {
    fault(op, fmt::format("shape {} where {} is needed", to_string(x.shape()), to_string(shape)));
  }
}

void check_parameter(std::string_view op, const Tensor& x, const Shape& shape) {
  if (!x.defined() || x.dtype() != DType::f32 || x.shape() != shape) {
    fault(op, fmt::format("parameter {} {} where f32 {} is needed", name(x.dtype()), to_string(x.shape()),
                          to_string(shape)));
  }
}

}  // namespace latentdial::detail::ops::cpu
