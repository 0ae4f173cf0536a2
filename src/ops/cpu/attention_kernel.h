#pragma once

#include <cstddef>

#include "tensor/dtype.h"

/// One head of attention over a block of queries, with the online softmax of Milakov & Gimelshein (2018) as
/// in FlashAttention (Dao et al., 2022): keys come in blocks, a running maximum and sum rescale what was
/// gathered. Queries lie in the lanes of vectors, so that neither a softmax nor a product crosses lanes, and
/// a head of any size fills them.
namespace latentdial::detail::ops::cpu {

/// The numbers that are multiplied. Sums, and the softmax, are f32.
enum class Products {
  f32,
  bf16_pairs,  ///< By AVX-512 BF16's dot product; see has_bf16_pairs.
};

/// Whether this processor has AVX-512 BF16.
[[nodiscard]] bool has_bf16_pairs();

/// Numbers of one row that lie side by side in a panel, since one instruction multiplies them.
[[nodiscard]] constexpr std::size_t depth_step(Products products) {
  return products == Products::bf16_pairs ? 2 : 1;
}
/// Rows of a panel on this processor.
[[nodiscard]] std::size_t panel_rows();

/// A matrix [rows, depth] cut into panels of panel_rows() rows, each stored step after step of its depth,
/// padded with zeros: [panel][step][row][depth_step] of float or bfloat16.
struct Panels {
  const void* data = nullptr;
  std::size_t rows = 0, depth = 0;
};

/// A matrix inside of a tensor of f32, or of bf16: element (row, i) lies at row·row_stride + i·depth_stride.
struct MatrixView {
  DType dtype = DType::f32;
  const void* data = nullptr;
  std::size_t rows = 0, depth = 0, row_stride = 0, depth_stride = 0;
};

/// Writes panel number `panel` of a matrix. Pairs are made of bf16 alone.
void pack_panel(const MatrixView& matrix, Products products, std::size_t panel, void* to);

/// Queries that one call of attend handles at most.
[[nodiscard]] std::size_t query_block();

struct AttentionHead {
  DType dtype = DType::f32;  ///< Of q and of the result.
  Products products = Products::f32;
  std::size_t size = 0;     ///< D, the columns of a head.
  std::size_t stride = 0;   ///< Elements from one row of q and of the result to the next.
  const void* q = nullptr;  ///< Row 0 of this head.
  void* result = nullptr;
  Panels keys;    ///< K: [M, D].
  Panels values;  ///< Vᵀ: [D, M].
  float scale = 1;
  bool causal = false;
};

/// Floats of scratch memory that attend needs for heads of this size.
[[nodiscard]] std::size_t attention_scratch(std::size_t head_size);

/// result[i] = Σ_j softmax_j(scale·q[i]·k[j]) v[j] for rows i in [first, first + count), 0 < count ≤
/// query_block().
void attend(const AttentionHead& head, std::size_t first, std::size_t count, float* scratch);

}  // namespace latentdial::detail::ops::cpu
