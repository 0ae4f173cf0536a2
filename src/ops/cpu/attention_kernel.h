#pragma once

#include <cstddef>
#include <cstdint>

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
  byte_quads,  ///< Of 8 bits, four at a time, by VNNI; see ByteProducts. A row has its own scale, as have the
               ///< weights of each query in a block of keys (after SageAttention: Zhang et al. 2024, arXiv
               ///< 2410.02367).
};

/// Whether this processor has AVX-512 BF16.
[[nodiscard]] bool has_bf16_pairs();

/// Numbers of one row that lie side by side in a panel, since one instruction multiplies them.
[[nodiscard]] constexpr std::size_t depth_step(Products products) {
  return products == Products::byte_quads ? 4 : products == Products::bf16_pairs ? 2 : 1;
}
/// Rows of a panel on this processor.
[[nodiscard]] std::size_t panel_rows();

/// Bytes of a panel of a matrix of such depth.
[[nodiscard]] std::size_t panel_bytes(Products products, std::size_t depth);

/// What makes numbers of a row's bytes: scale·(Σ + offset), Σ a sum of products with a query's bytes.
struct ByteRow {
  float scale = 0;
  std::int32_t offset = 0;  ///< A query's bytes are larger than it by kQueryZero: −kQueryZero·Σ of the row.
};
inline constexpr int kQueryZero = 128;

/// A matrix [rows, depth] cut into panels of panel_rows() rows, each stored step after step of its depth,
/// padded with zeros: [panel][step][row][depth_step] of float, bfloat16 or signed bytes. Before the bytes of
/// a panel stand its rows' ByteRow.
struct Panels {
  const void* data = nullptr;
  std::size_t rows = 0, depth = 0;
  std::size_t panel_bytes = 0;  ///< As the function of this name has it.
};

/// A matrix inside of a tensor of f32, or of bf16: element (row, i) lies at row·row_stride + i·depth_stride.
struct MatrixView {
  DType dtype = DType::f32;
  const void* data = nullptr;
  std::size_t rows = 0, depth = 0, row_stride = 0, depth_stride = 0;
  const float* mean = nullptr;  ///< [depth], taken from each row that becomes bytes; none: nothing is.
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
