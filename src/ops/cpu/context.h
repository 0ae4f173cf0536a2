#pragma once

#include "ops/cpu_backend.h"

namespace latentdial::detail::ops::cpu {

/// What every operation needs to know: the type of the activations, how many threads it may use, and what
/// multiplies.
struct Context {
  DType dtype = DType::f32;
  int threads = 1;
  Arithmetic arithmetic = Arithmetic::f32;
  bool int8 = false;  ///< Products of reducible precision are of 8-bit numbers.
};

}  // namespace latentdial::detail::ops::cpu
