#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "ops/cpu/int8_kernel.h"
#include "ops/cpu/operations.h"
#include "ops/ops.h"

/// Products of 8-bit numbers. Weights have a scale per output channel; activations are quantized as they
/// come, so nothing needs to be calibrated.
namespace latentdial::detail::ops::cpu {

/// A weight [columns, depth] as 8-bit panels.
struct Int8Matrix {
  /// `weight` and `bias` are f32; `bias` may be undefined.
  Int8Matrix(const Context& context, const Tensor& weight, const Tensor& bias);

  [[nodiscard]] const std::int8_t* panel(std::int64_t i) const;

  std::int64_t depth, columns;
  std::int64_t padded_depth;  ///< A multiple of kInt8DepthBlock.
  std::int64_t panels;
  std::shared_ptr<std::byte> numbers;  ///< [panels, padded_depth / 4, tile_columns(), 4]
  Tensor scales, sums;                 ///< Per column; f32, padded to whole panels.
  Tensor bias;                         ///< f32, padded to whole panels; undefined when there is none.
};

/// Writes row `row` of the left factor, `depth` quantized numbers, and says how they are quantized.
using Int8RowReader = std::function<Quantization(std::int64_t row, std::uint8_t* to)>;

/// y[rows, columns] = activation(x·W + bias) + residual, where `read_row` gives the rows of x.
void multiply(const Context& context, const Int8RowReader& read_row, const Int8Matrix& w,
              const Epilogue& epilogue, Tensor& y);

}  // namespace latentdial::detail::ops::cpu
