#include "ops/cpu/int8_product.h"

#include <algorithm>
#include <vector>

#include "ops/cpu/product.h"
#include "ops/cpu/tiling.h"
#include "tensor/buffer_pool.h"

namespace latentdial::detail::ops::cpu {
namespace {

constexpr float kShift = 128;
constexpr auto kBlock = static_cast<std::int64_t>(kInt8DepthBlock);

/// The place of weight (k, column j) in its panel of `width` columns: four of the depth side by side.
std::int64_t place(std::int64_t k, std::int64_t j, std::int64_t width) {
  return (k / 4 * width + j) * 4 + k % 4;
}

}  // namespace

Int8Matrix::Int8Matrix(const Context& context, const Tensor& weight, const Tensor& bias_in)
    : depth(weight.dim(1)), columns(weight.dim(0)), padded_depth(round_up(depth, kBlock)) {
  const auto width = static_cast<std::int64_t>(tile_columns());
  panels = divide_up(columns, width);
  numbers = pooled_buffer(static_cast<std::size_t>(panels * padded_depth * width));
  scales = Tensor::zeros({panels * width});
  sums = Tensor::zeros({panels * width});
  bias = padded_bias(bias_in, panels * width);
  parallel_for(context.threads, panels, [&](std::int64_t panel_index, int /*thread*/) {
    auto* to = reinterpret_cast<std::int8_t*>(numbers.get()) + panel_index * padded_depth * width;
    std::fill(to, to + padded_depth * width, std::int8_t{0});
    const auto first = panel_index * width;
    for (auto column = first; column < std::min(columns, first + width); ++column) {
      const auto* from = weight.data<float>() + column * depth;
      const auto range = range_of(from, static_cast<std::size_t>(depth));
      const float largest = std::max({range.high, -range.low, 1e-30f});
      const float scale = largest / static_cast<float>(largest_weight());
      thread_local std::vector<std::uint8_t> shifted;
      shifted.resize(static_cast<std::size_t>(depth));
      quantize(from, shifted.size(), {scale, kShift}, shifted.data());
      std::int64_t sum = 0;
      for (std::int64_t k = 0; k < depth; ++k) {
        const int q = shifted[static_cast<std::size_t>(k)] - static_cast<int>(kShift);
        to[place(k, column - first, width)] = static_cast<std::int8_t>(q);
        sum += q;
      }
      scales.data<float>()[column] = scale;
      sums.data<float>()[column] = static_cast<float>(sum);
    }
  });
}

const std::int8_t* Int8Matrix::panel(std::int64_t i) const {
  return reinterpret_cast<const std::int8_t*>(numbers.get()) +
         i * padded_depth * static_cast<std::int64_t>(tile_columns());
}

void multiply(const Context& context, const Int8RowReader& read_row, const Int8Matrix& w,
              const Epilogue& epilogue, Tensor& y) {
  const Tiling tiling(y.count() / w.columns, w.padded_depth / 4, w.panels);
  std::vector<Quantization> quantizations(static_cast<std::size_t>(tiling.rows));
  Tensor own = Tensor::empty({context.threads, tiling.block_rows * tiling.width});
  const auto read = [&](std::int64_t row, float* words) {
    quantizations[static_cast<std::size_t>(row)] = read_row(row, reinterpret_cast<std::uint8_t*>(words));
  };
  run_tiled(context, tiling, read, [&](const PackedBlock& block, std::int64_t panel, int thread) {
    auto* sums = own.data<float>() + thread * tiling.block_rows * tiling.width;
    const auto column = panel * tiling.width, columns = std::min(tiling.width, w.columns - column);
    const auto rows = static_cast<std::size_t>(block.rows);
    const auto output = output_of(block.first_row, column, w.columns, w.bias, epilogue, y);
    prefetch_rows(output, rows);
    multiply({.a = reinterpret_cast<const std::uint8_t*>(block.words),
              .tiles = static_cast<std::size_t>(divide_up(block.rows, tiling.tile)),
              .rows = static_cast<std::size_t>(tiling.tile),
              .a_stride = static_cast<std::size_t>(w.padded_depth * tiling.tile),
              .panel = w.panel(panel),
              .depth_blocks = static_cast<std::size_t>(w.padded_depth / kBlock),
              .c = reinterpret_cast<std::int32_t*>(sums)});
    dequantize_rows(reinterpret_cast<std::int32_t*>(sums), rows,
                    {quantizations.data() + block.first_row, w.scales.data<float>() + column,
                     w.sums.data<float>() + column});
    write_rows(sums, static_cast<std::size_t>(tiling.width), rows, static_cast<std::size_t>(columns), output);
  });
}

}  // namespace latentdial::detail::ops::cpu
