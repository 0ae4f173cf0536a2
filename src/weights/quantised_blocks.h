#pragma once

#include <cstddef>

#include "tensor/dtype.h"

namespace latentdial::detail {

/// `count` values of ggml's block type `dtype` (q4_0 to q6_k) in f32, `count` a multiple of a block's. Each
/// value is computed as ggml's dequantize_row functions do it, in f32 and rounded after each operation, so
/// that the bits are theirs (ggml-quants.c of github.com/ggml-org/ggml). `from` need not be aligned.
void widen_blocks(DType dtype, const std::byte* from, float* to, std::size_t count);

}  // namespace latentdial::detail
