#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "ops/cpu/operations.h"
#include "ops/cpu/parallel.h"
#include "ops/cpu/tile_kernel.h"
#include "tensor/tensor.h"

/// How rows times panels is cut into jobs, for every kind of number that fills 32-bit words: one f32 or four
/// int8.
namespace latentdial::detail::ops::cpu {

/// Passes of rows, packed by all threads, and those cut into blocks. Every sum runs over the whole depth in
/// order within one job, so the bits do not depend on the cut.
struct Tiling {
  /// `words` is the padded depth of a row, a multiple of kDepthBlock.
  Tiling(std::int64_t row_count, std::int64_t depth_words, std::int64_t panel_count)
      : rows(row_count), words(depth_words), panels(panel_count) {
    const auto most = std::clamp<std::int64_t>(kJobWords / words, 14, kMostRows);
    block_rows = divide_up(rows, divide_up(rows, most));
    tile = static_cast<std::int64_t>(tile_rows(static_cast<std::size_t>(block_rows)));
    tiles_per_block = divide_up(block_rows, tile);
    block_rows = tiles_per_block * tile;
    blocks_per_pass = std::clamp<std::int64_t>(kPackedWords / block_words(), 1, divide_up(rows, block_rows));
  }
  [[nodiscard]] std::int64_t block_words() const { return tiles_per_block * tile * words; }

  /// Words of packed rows that a job works on, at most half of a second-level cache, and that are packed at a
  /// time.
  static constexpr std::int64_t kJobWords = 1 << 18, kPackedWords = 1 << 20;
  static constexpr std::int64_t kMostRows = 224;

  std::int64_t rows, words, panels;
  std::int64_t width = static_cast<std::int64_t>(tile_columns());
  std::int64_t block_rows;
  std::int64_t tile, tiles_per_block;
  std::int64_t blocks_per_pass;
};

/// A block of packed rows: [tile][depth block][row of the tile][16 words].
struct PackedBlock {
  const float* words;
  std::int64_t first_row, rows;
};

/// Calls `read_row(row, words)` for every row, and `multiply(block, panel, thread)` for every block and
/// panel.
template <class ReadRow, class Multiply>
void run_tiled(const Context& context, const Tiling& tiling, const ReadRow& read_row,
               const Multiply& multiply) {
  // Panels per job: enough to use its rows well, and with few of them so few that each thread has several
  // jobs.
  constexpr std::int64_t kPanelsPerJob = 4, kJobsPerThread = 4;
  constexpr std::int64_t kRowsPackedAtOnce = 32;
  constexpr auto kLine = static_cast<std::int64_t>(kDepthBlock);

  Tensor packed = Tensor::empty({tiling.blocks_per_pass, tiling.block_words()});
  const auto pack_row = [&](std::int64_t row, const float* words) {
    const auto in_block = row % tiling.block_rows;
    auto* to = packed.data<float>() + row / tiling.block_rows * tiling.block_words() +
               in_block / tiling.tile * tiling.tile * tiling.words + in_block % tiling.tile * kLine;
    for (std::int64_t k = 0; k < tiling.words; k += kLine) {
      std::memcpy(to + k * tiling.tile, words + k, kLine * sizeof(float));
    }
  };

  const auto pass_rows = tiling.blocks_per_pass * tiling.block_rows;
  for (std::int64_t first = 0; first < tiling.rows; first += pass_rows) {
    const auto rows = std::min(pass_rows, tiling.rows - first), blocks = divide_up(rows, tiling.block_rows);
    // Rows that only fill the last tile are zeros: left as they are they might be slow denormals.
    const auto last_rows = rows - (blocks - 1) * tiling.block_rows;
    const auto padded = (blocks - 1) * tiling.block_rows + round_up(last_rows, tiling.tile);
    parallel_blocks(context.threads, padded, kRowsPackedAtOnce, [&](std::int64_t begin, std::int64_t end) {
      thread_local std::vector<float> words;
      for (auto row = begin; row < end; ++row) {
        words.assign(static_cast<std::size_t>(tiling.words), 0.0f);
        if (row < rows) read_row(first + row, words.data());
        pack_row(row, words.data());
      }
    });
    const auto at_once = std::clamp<std::int64_t>(blocks * tiling.panels / (kJobsPerThread * context.threads),
                                                  1, kPanelsPerJob);
    parallel_for(context.threads, blocks * divide_up(tiling.panels, at_once),
                 [&](std::int64_t i, int thread) {
                   const auto b = i % blocks, start = i / blocks * at_once;
                   const PackedBlock block{packed.data<float>() + b * tiling.block_words(),
                                           first + b * tiling.block_rows,
                                           std::min(tiling.block_rows, rows - b * tiling.block_rows)};
                   const auto end = std::min(tiling.panels, start + at_once);
                   for (auto panel = start; panel < end; ++panel) multiply(block, panel, thread);
                 });
  }
}

}  // namespace latentdial::detail::ops::cpu
