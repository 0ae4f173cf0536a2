#pragma once

#include "tensor/dtype.h"

namespace latentdial::ops::cpu {

/// What every operation needs to know: the type of the activations and how many threads it may use.
struct Context {
  DType dtype = DType::f32;
  int threads = 1;
};

}  // namespace latentdial::ops::cpu
