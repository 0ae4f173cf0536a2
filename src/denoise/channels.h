#pragma once

#include "tensor/tensor.h"

namespace latentdial::detail {

/// Whether a condition's channels (Condition::channels) are the same at every place: [1,1,1,K].
[[nodiscard]] inline bool are_everywhere(const Tensor& channels) {
  return channels.defined() && channels.dim(1) == 1 && channels.dim(2) == 1;
}

}  // namespace latentdial::detail
