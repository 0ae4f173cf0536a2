#pragma once

#include <cstddef>

#include "tensor/dtype.h"

/// One head of attention over a block of queries, with the online softmax of Milakov & Gimelshein (2018) as
/// in FlashAttention (Dao et al., 2022): keys come in blocks, a running maximum and sum rescale what was
/// gathered.
namespace latentdial::detail::ops::cpu {

/// A matrix [rows, columns] cut into panels of `panel_width()` columns (the last one narrower, to whole
/// vectors, padded with zeros); a panel is stored row after row. The form in which the inner loop reads keys
/// (transposed) and values.
struct Panels {
  const float* data = nullptr;
  std::size_t rows = 0, columns = 0;
};

/// Columns of a full panel and of one vector, on this processor.
[[nodiscard]] std::size_t panel_width();
[[nodiscard]] std::size_t vector_width();

/// Queries that one call of attend handles at most.
inline constexpr std::size_t kQueryBlock = 48;

struct AttentionHead {
  DType dtype = DType::f32;
  std::size_t size = 0;     ///< D, the columns of a head.
  std::size_t stride = 0;   ///< Elements from one row of q and of the result to the next.
  const void* q = nullptr;  ///< Row 0 of this head.
  void* result = nullptr;
  Panels keys;    ///< Kᵀ: [D, M].
  Panels values;  ///< V: [M, D].
  float scale = 1;
  bool causal = false;
};

/// Floats of scratch memory that attend needs for heads of this size.
[[nodiscard]] std::size_t attention_scratch(std::size_t head_size);

/// result[i] = Σ_j softmax_j(scale·q[i]·k[j]) v[j] for rows i in [first, first + count), count ≤ kQueryBlock.
void attend(const AttentionHead& head, std::size_t first, std::size_t count, float* scratch);

}  // namespace latentdial::detail::ops::cpu
