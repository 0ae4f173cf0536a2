#include "ops/cpu/product.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "ops/cpu/parallel.h"
#include "ops/cpu/tile_kernel.h"

namespace latentdial::ops::cpu {
namespace {

// Floats of packed rows that a job works on, at most half of a second-level cache, and that are packed at a
// time.
constexpr std::int64_t kJobFloats = 1 << 18, kPackedFloats = 1 << 20;
constexpr std::int64_t kMostRows = 224;

// Depth of the part of a panel that is widened at once; it stays in the second-level cache.
constexpr std::int64_t kDepthAtOnce = 256;

// Panels per job: enough to use its rows well, and with few of them so few that each thread has several jobs.
constexpr std::int64_t kPanelsPerJob = 4, kJobsPerThread = 4;

constexpr std::int64_t kRowsPackedAtOnce = 32;

constexpr auto kBlock = static_cast<std::int64_t>(kDepthBlock);

std::int64_t round_up(std::int64_t n, std::int64_t step) {
  return (n + step - 1) / step * step;
}

std::int64_t divide_up(std::int64_t n, std::int64_t by) {
  return (n + by - 1) / by;
}

/// How one product is cut: into passes of rows, packed by all threads, and those into jobs. Every sum runs
/// over the whole depth in order within one job, so the bits do not depend on the cut.
struct Plan {
  std::int64_t rows, depth, panels;
  std::int64_t width = static_cast<std::int64_t>(tile_columns());
  std::int64_t block_rows;  // of one job
  std::int64_t tile, tiles_per_block;
  std::int64_t blocks_per_pass;

  Plan(std::int64_t row_count, const PackedMatrix& w)
      : rows(row_count), depth(w.padded_depth), panels(w.panels.dim(0)) {
    const auto most = std::clamp<std::int64_t>(kJobFloats / depth, 14, kMostRows);
    block_rows = divide_up(rows, divide_up(rows, most));
    tile = static_cast<std::int64_t>(tile_rows(static_cast<std::size_t>(block_rows)));
    tiles_per_block = divide_up(block_rows, tile);
    blocks_per_pass =
        std::clamp<std::int64_t>(kPackedFloats / block_floats(), 1, divide_up(rows, block_rows));
  }
  [[nodiscard]] std::int64_t block_floats() const { return tiles_per_block * tile * depth; }
};

/// Row `row` of x, cut into the lines of its tile.
void pack_row(const Plan& plan, std::int64_t row_of_block, const float* row, float* block) {
  auto* to = block + row_of_block / plan.tile * plan.tile * plan.depth + row_of_block % plan.tile * kBlock;
  for (std::int64_t k = 0; k < plan.depth; k += kBlock) {
    std::memcpy(to + k * plan.tile, row + k, kBlock * sizeof(float));
  }
}

/// One thread's memory.
struct Scratch {
  float* panel;  // a widened part of a panel
  float* sums;   // a block's product with one panel
};

/// A block of packed rows on its way to its part of y.
struct Block {
  const float* packed;
  std::int64_t first_row, rows;
};

const float* widened(const PackedMatrix& w, std::int64_t at, std::int64_t count, float* scratch) {
  if (w.panels.dtype() == DType::f32) return w.panels.data<float>() + at;
  expand(w.panels.data<bfloat16>() + at, static_cast<std::size_t>(count), scratch);
  return scratch;
}

/// What the block's product with one panel becomes in y.
TileOutput output_of(const Plan& plan, const PackedMatrix& w, const Block& block, std::int64_t panel,
                     const Epilogue& epilogue, Tensor& y) {
  const auto column = panel * plan.width;
  const auto offset =
      static_cast<std::size_t>(block.first_row * w.columns + column) * element_size(y.dtype());
  return {.dtype = y.dtype(),
          .bias = w.bias.defined() ? w.bias.data<float>() + column : nullptr,
          .activation = epilogue.activation,
          .residual = epilogue.residual == nullptr ? nullptr : epilogue.residual->raw() + offset,
          .y = y.raw() + offset,
          .stride = static_cast<std::size_t>(w.columns)};
}

void multiply_block(const Plan& plan, const PackedMatrix& w, const Block& block, std::int64_t panel,
                    const TileOutput& output, const Scratch& scratch) {
  const auto rows = static_cast<std::size_t>(block.rows);
  prefetch_rows(output, rows);
  for (std::int64_t k = 0; k < plan.depth; k += kDepthAtOnce) {
    const auto depth = std::min(kDepthAtOnce, plan.depth - k), at = (panel * plan.depth + k) * plan.width;
    multiply({.a = block.packed + k * plan.tile,
              .tiles = static_cast<std::size_t>(divide_up(block.rows, plan.tile)),
              .rows = static_cast<std::size_t>(plan.tile),
              .a_stride = static_cast<std::size_t>(plan.depth * plan.tile),
              .panel = widened(w, at, depth * plan.width, scratch.panel),
              .depth_blocks = static_cast<std::size_t>(depth / kBlock),
              .c = scratch.sums,
              .c_stride = static_cast<std::size_t>(plan.width),
              .add = k > 0});
  }
  const auto columns = std::min(plan.width, w.columns - panel * plan.width);
  write_rows(scratch.sums, static_cast<std::size_t>(plan.width), rows, static_cast<std::size_t>(columns),
             output);
}

}  // namespace

Tensor padded_bias(const Tensor& bias, std::int64_t columns) {
  if (!bias.defined()) return {};
  Tensor padded = Tensor::zeros({columns});
  std::copy_n(bias.data<float>(), bias.count(), padded.data<float>());
  return padded;
}

Tensor pack_panels(const Context& context, const Tensor& weight, std::int64_t padded_depth) {
  const auto columns = weight.dim(0), depth = weight.dim(1),
             width = static_cast<std::int64_t>(tile_columns());
  const auto count = (columns + width - 1) / width;
  Tensor panels = Tensor::empty({count, padded_depth, width}, context.dtype);
  parallel_for(context.threads, count, [&](std::int64_t panel, int /*thread*/) {
    const auto* from = weight.data<float>() + panel * width * depth;
    const auto filled = std::min(width, columns - panel * width);
    const auto fill = [&]<class T>(T* to) {
      std::fill(to, to + padded_depth * width, T(0.0f));
      for (std::int64_t k = 0; k < depth; ++k) {
        for (std::int64_t j = 0; j < filled; ++j) to[k * width + j] = T(from[j * depth + k]);
      }
    };
    if (context.dtype == DType::bf16) {
      fill(panels.data<bfloat16>() + panel * padded_depth * width);
    } else {
      fill(panels.data<float>() + panel * padded_depth * width);
    }
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
  const Plan plan(y.count() / w.columns, w);
  const auto pass_rows = plan.blocks_per_pass * plan.block_rows;
  const auto panel_floats = std::min(kDepthAtOnce, plan.depth) * plan.width;
  const auto own_floats = panel_floats + plan.tiles_per_block * plan.tile * plan.width;
  Tensor packed = Tensor::empty({plan.blocks_per_pass, plan.block_floats()});
  Tensor own = Tensor::empty({context.threads, own_floats});

  for (std::int64_t first = 0; first < plan.rows; first += pass_rows) {
    const auto rows = std::min(pass_rows, plan.rows - first), blocks = divide_up(rows, plan.block_rows);
    parallel_blocks(context.threads, rows, kRowsPackedAtOnce, [&](std::int64_t begin, std::int64_t end) {
      thread_local std::vector<float> row;
      row.assign(static_cast<std::size_t>(plan.depth), 0.0f);
      for (auto r = begin; r < end; ++r) {
        read_row(first + r, row.data());
        pack_row(plan, r % plan.block_rows, row.data(),
                 packed.data<float>() + r / plan.block_rows * plan.block_floats());
      }
    });
    const auto at_once =
        std::clamp<std::int64_t>(blocks * plan.panels / (kJobsPerThread * context.threads), 1, kPanelsPerJob);
    const auto groups = divide_up(plan.panels, at_once);
    parallel_for(context.threads, blocks * groups, [&](std::int64_t i, int thread) {
      auto* memory = own.data<float>() + thread * own_floats;
      const auto b = i % blocks, start = i / blocks * at_once;
      const Block block{packed.data<float>() + b * plan.block_floats(), first + b * plan.block_rows,
                        std::min(plan.block_rows, rows - b * plan.block_rows)};
      for (auto panel = start; panel < std::min(plan.panels, start + at_once); ++panel) {
        multiply_block(plan, w, block, panel, output_of(plan, w, block, panel, epilogue, y),
                       {memory, memory + panel_floats});
      }
    });
  }
}

}  // namespace latentdial::ops::cpu
