#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/cpu/tile_kernel.h"
#include "tensor/tensor.h"

namespace latentdial::detail::ops::cpu {

/// Elements [at, at + count) of an activation as f32.
inline void read_row(const Tensor& x, std::int64_t at, std::int64_t count, float* to) {
  if (x.dtype() == DType::f32) {
    std::copy_n(x.data<float>() + at, count, to);
    return;
  }
  const auto* from = x.data<bfloat16>() + at;
  const auto whole = count - count % static_cast<std::int64_t>(kDepthBlock);
  expand(from, static_cast<std::size_t>(whole), to);
  for (auto i = whole; i < count; ++i) to[i] = static_cast<float>(from[i]);
}

}  // namespace latentdial::detail::ops::cpu
