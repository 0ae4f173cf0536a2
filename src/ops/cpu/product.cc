#include "ops/cpu/product.h"

#include <algorithm>
#include <cstring>

#include "ops/cpu/tiling.h"

namespace latentdial::detail::ops::cpu {
namespace {

// Depth of the part of a panel that is widened at once; it stays in the second-level cache.
constexpr std::int64_t kDepthAtOnce = 256;

constexpr auto kBlock = static_cast<std::int64_t>(kDepthBlock);

/// One thread's memory.
struct Scratch {
  float* panel;  // a widened part of a panel
  float* sums;   // a block's product with one panel
};

const float* widened(const PackedMatrix& w, std::int64_t at, std::int64_t count, float* scratch) {
  if (w.panels.dtype() == DType::f32) return w.panels.data<float>() + at;
  expand(w.panels.data<bfloat16>() + at, static_cast<std::size_t>(count), scratch);
  return scratch;
}

void multiply_block(const Tiling& tiling, const PackedMatrix& w, const PackedBlock& block, std::int64_t panel,
                    const TileOutput& output, const Scratch& scratch) {
  const auto rows = static_cast<std::size_t>(block.rows);
  prefetch_rows(output, rows);
  for (std::int64_t k = 0; k < tiling.words; k += kDepthAtOnce) {
    const auto depth = std::min(kDepthAtOnce, tiling.words - k),
               at = (panel * tiling.words + k) * tiling.width;
    multiply({.a = block.words + k * tiling.tile,
              .tiles = static_cast<std::size_t>(divide_up(block.rows, tiling.tile)),
              .rows = static_cast<std::size_t>(tiling.tile),
              .a_stride = static_cast<std::size_t>(tiling.words * tiling.tile),
              .panel = widened(w, at, depth * tiling.width, scratch.panel),
              .depth_blocks = static_cast<std::size_t>(depth / kBlock),
              .c = scratch.sums,
              .c_stride = static_cast<std::size_t>(tiling.width),
              .add = k > 0});
  }
  const auto columns = std::min(tiling.width, w.columns - panel * tiling.width);
  write_rows(scratch.sums, static_cast<std::size_t>(tiling.width), rows, static_cast<std::size_t>(columns),
             output);
}

}  // namespace

TileOutput output_of(std::int64_t row, std::int64_t column, std::int64_t columns, const Tensor& bias,
                     const Epilogue& epilogue, Tensor& y) {
  const auto offset = static_cast<std::size_t>(row * columns + column) * element_size(y.dtype());
  return {.dtype = y.dtype(),
          .bias = bias.defined() ? bias.data<float>() + column : nullptr,
          .activation = epilogue.activation,
          .residual = epilogue.residual == nullptr ? nullptr : epilogue.residual->raw() + offset,
          .y = y.raw() + offset,
          .stride = static_cast<std::size_t>(columns)};
}

Tensor padded_bias(const Tensor& bias, std::int64_t columns) {
  if (!bias.defined()) return {};
  Tensor padded = Tensor::zeros({columns});
  std::copy_n(bias.data<float>(), bias.count(), padded.data<float>());
  return padded;
}

Tensor pack_panels(const Context& context, const Tensor& weight, std::int64_t padded_depth) {
  const auto columns = weight.dim(0), depth = weight.dim(1),
             width = static_cast<std::int64_t>(tile_columns());
  const auto count = divide_up(columns, width);
  const auto panel_bytes = static_cast<std::size_t>(padded_depth * width) * element_size(context.dtype);
  Tensor panels = Tensor::empty({count, padded_depth, width}, context.dtype);
  parallel_for(context.threads, count, [&](std::int64_t panel, int /*thread*/) {
    const auto* from = weight.data<float>() + panel * width * depth;
    const auto filled = std::min(width, columns - panel * width);
    auto* to = panels.raw() + static_cast<std::size_t>(panel) * panel_bytes;
    const auto filled_bytes = static_cast<std::size_t>(depth * width) * element_size(context.dtype);
    pack_panel(from, static_cast<std::size_t>(depth), static_cast<std::size_t>(filled),
               static_cast<std::size_t>(depth), context.dtype, to);
    std::memset(to + filled_bytes, 0, panel_bytes - filled_bytes);
  });
  return panels;
}

PackedMatrix::PackedMatrix(const Context& context, const Tensor& weight, const Tensor& bias_in)
    : depth(weight.dim(1)),
      columns(weight.dim(0)),
      padded_depth(round_up(depth, kBlock)),
      panels(pack_panels(context, weight, padded_depth)),
      bias(padded_bias(bias_in, panels.dim(0) * panels.dim(2))) {}

void multiply(const Context& context, const RowReader& read_row, const PackedMatrix& w,
              const Epilogue& epilogue, Tensor& y) {
  const Tiling tiling(y.count() / w.columns, w.padded_depth, w.panels.dim(0));
  const auto panel_floats = std::min(kDepthAtOnce, tiling.words) * tiling.width;
  const auto own_floats = panel_floats + tiling.tiles_per_block * tiling.tile * tiling.width;
  Tensor own = Tensor::empty({context.threads, own_floats});
  run_tiled(context, tiling, read_row, [&](const PackedBlock& block, std::int64_t panel, int thread) {
    auto* memory = own.data<float>() + thread * own_floats;
    multiply_block(tiling, w, block, panel,
                   output_of(block.first_row, panel * tiling.width, w.columns, w.bias, epilogue, y),
                   {memory, memory + panel_floats});
  });
}

}  // namespace latentdial::detail::ops::cpu
