#pragma once

#include <cstdint>
#include <functional>

#include "ops/cpu/operations.h"
#include "ops/cpu/tile_kernel.h"
#include "ops/ops.h"

/// Products with f32 arithmetic: activations and weights may be stored in bf16, and are widened block by
/// block in the cache.
namespace latentdial::detail::ops::cpu {

/// A weight [columns, depth] cut into panels for the register tile, in the type of the activations.
struct PackedMatrix {
  /// `weight` and `bias` are f32; `bias` may be undefined.
  PackedMatrix(const Context& context, const Tensor& weight, const Tensor& bias);

  std::int64_t depth, columns;
  std::int64_t padded_depth;  ///< A multiple of kDepthBlock.
  Tensor panels;              ///< [panels, padded_depth, tile_columns()]
  Tensor bias;                ///< f32, padded to whole panels; undefined when there is none.
};

/// `weight` [columns, depth] in the type of the activations as [panels, padded_depth, tile_columns()], padded
/// with zeros.
[[nodiscard]] Tensor pack_panels(const Context& context, const Tensor& weight, std::int64_t padded_depth);
/// A bias padded with zeros to `columns`; undefined stays undefined.
[[nodiscard]] Tensor padded_bias(const Tensor& bias, std::int64_t columns);

/// What a product becomes in y [rows, columns] from (row, column) on; `bias` may be undefined.
[[nodiscard]] TileOutput output_of(std::int64_t row, std::int64_t column, std::int64_t columns,
                                   const Tensor& bias, const Epilogue& epilogue, Tensor& y);

/// Writes row `row` of the left factor, `depth` numbers.
using RowReader = std::function<void(std::int64_t row, float* to)>;

/// y[rows, columns] = activation(x·W + bias) + residual, where `read_row` gives the rows of x.
void multiply(const Context& context, const RowReader& read_row, const PackedMatrix& w,
              const Epilogue& epilogue, Tensor& y);

}  // namespace latentdial::detail::ops::cpu
