#pragma once

#include <cstddef>

#include "ops/ops.h"

/// The register tile under every f32 product: a few rows times a panel of two vectors, all sums in registers
/// (Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008).
namespace latentdial::detail::ops::cpu {

/// Depth comes in blocks of one cache line of f32. Rows are stored as [tile][depth block][row][16], so that
/// packing moves whole lines and the tile reads at fixed offsets.
inline constexpr std::size_t kDepthBlock = 16;

/// Columns of a panel on this processor. A panel is stored as [depth][columns].
[[nodiscard]] std::size_t tile_columns();

/// Rows per tile that cut `rows` into tiles with the least padding.
[[nodiscard]] std::size_t tile_rows(std::size_t rows);

/// c[tiles·rows, tile_columns()] = a·panel, or += with `add`.
struct TileProduct {
  const float* a = nullptr;  ///< First depth block of the first tile.
  std::size_t tiles = 0, rows = 0;
  std::size_t a_stride = 0;  ///< Floats from one tile to the next.
  const float* panel = nullptr;
  std::size_t depth_blocks = 0;
  float* c = nullptr;
  std::size_t c_stride = 0;  ///< Floats from one row to the next.
  bool add = false;
};
void multiply(const TileProduct& product);

/// A panel in `dtype` from `columns` rows of a weight, `stride` apart: to[k][j] = from[j·stride + k] for
/// k < depth; the columns that are left become zero.
void pack_panel(const float* from, std::size_t stride, std::size_t columns, std::size_t depth, DType dtype,
                void* to);

/// Widens `count` numbers, a multiple of kDepthBlock.
void expand(const bfloat16* from, std::size_t count, float* to);

/// Where the rows of a finished product go: y = activation(c + bias) + residual, in `dtype`.
struct TileOutput {
  DType dtype = DType::f32;
  const float* bias = nullptr;  ///< Padded to whole vectors, or null.
  Activation activation = Activation::none;
  const void* residual = nullptr;  ///< Same layout as y, or null.
  void* y = nullptr;
  std::size_t stride = 0;  ///< Elements from one row of y to the next.
};
/// Fetches one line of each row of y and of the residual, since their strides defeat the processor's own
/// fetching.
void prefetch_rows(const TileOutput& output, std::size_t rows);
void write_rows(const float* c, std::size_t c_stride, std::size_t rows, std::size_t columns,
                const TileOutput& output);

}  // namespace latentdial::detail::ops::cpu
