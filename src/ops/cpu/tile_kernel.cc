#include "ops/cpu/tile_kernel.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ops/cpu/operations.h"
#include "ops/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/tile_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

std::size_t target_tile_columns() {
  return kProductVectors * hn::Lanes(Floats());
}
std::size_t target_max_rows() {
  return kProductRows;
}

template <std::size_t kRows, bool kAdd>
void multiply_tile(const float* HWY_RESTRICT a, const float* HWY_RESTRICT panel, std::size_t depth_blocks,
                   float* HWY_RESTRICT c, std::size_t c_stride) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  Vector sums[kRows][kProductVectors];
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kProductVectors; ++v) {
      sums[r][v] = kAdd ? hn::LoadU(d, c + r * c_stride + v * lanes) : hn::Zero(d);
    }
  }
  for (std::size_t block = 0; block < depth_blocks; ++block) {
#pragma GCC unroll 16
    for (std::size_t k = 0; k < kDepthBlock; ++k) {
      Vector b[kProductVectors];
      for (std::size_t v = 0; v < kProductVectors; ++v) b[v] = hn::LoadU(d, panel + v * lanes);
      panel += kProductVectors * lanes;
      for (std::size_t r = 0; r < kRows; ++r) {
        const auto factor = hn::Set(d, a[r * kDepthBlock + k]);
        for (std::size_t v = 0; v < kProductVectors; ++v) sums[r][v] = hn::MulAdd(factor, b[v], sums[r][v]);
      }
    }
    a += kRows * kDepthBlock;
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kProductVectors; ++v) hn::StoreU(sums[r][v], d, c + r * c_stride + v * lanes);
  }
}

template <std::size_t kRows>
void multiply_tiles(const TileProduct& p) {
  for (std::size_t t = 0; t < p.tiles; ++t) {
    const auto tile = p.add ? &multiply_tile<kRows, true> : &multiply_tile<kRows, false>;
    tile(p.a + t * p.a_stride, p.panel, p.depth_blocks, p.c + t * kRows * p.c_stride, p.c_stride);
  }
}

template <std::size_t... kRowsLessOne>
constexpr auto kernels_by_rows(std::index_sequence<kRowsLessOne...> /*rows*/) {
  return std::array{&multiply_tiles<kRowsLessOne + 1>...};
}

void multiply_target(const TileProduct& p) {
  static constexpr auto kKernels = kernels_by_rows(std::make_index_sequence<kProductRows>());
  kKernels[p.rows - 1](p);
}

// Goes through blocks of 16 of the depth that fit the first-level cache: rows come in whole lines, and only
// the block is turned around.
template <class T>
void pack_panel_typed(const float* from, std::size_t stride, std::size_t columns, std::size_t depth, T* to) {
  constexpr std::size_t kMaxWidth = kProductVectors * hn::MaxLanes(Floats());
  const std::size_t lanes = hn::Lanes(Floats()), width = kProductVectors * lanes;
  T block[kMaxWidth][kDepthBlock] = {};
  for (std::size_t k = 0; k < depth; k += kDepthBlock) {
    const auto count = std::min(kDepthBlock, depth - k);
    for (std::size_t j = 0; j < columns; ++j) {
      const float* row = from + j * stride + k;
      std::size_t i = 0;
      for (; i + lanes <= count; i += lanes) store(load(row + i), block[j] + i);
      if (i < count) store_part(load_part(row + i, count - i), block[j] + i, count - i);
    }
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < width; ++j) to[(k + i) * width + j] = block[j][i];
    }
  }
}

void pack_panel_target(const float* from, std::size_t stride, std::size_t columns, std::size_t depth,
                       DType dtype, void* to) {
  with_type(dtype, [&]<class T>(T) { pack_panel_typed(from, stride, columns, depth, static_cast<T*>(to)); });
}

void expand_target(const bfloat16* from, std::size_t count, float* to) {
  const std::size_t lanes = hn::Lanes(Floats());
  for (std::size_t i = 0; i < count; i += lanes) store(load(from + i), to + i);
}

template <class T>
void write_row(const float* c, std::size_t columns, const TileOutput& output, const T* residual, T* y) {
  const std::size_t lanes = hn::Lanes(Floats());
  for (std::size_t i = 0; i < columns; i += lanes) {
    auto v = load(c + i);
    if (output.bias != nullptr) v = hn::Add(v, load(output.bias + i));
    v = activated(output.activation, v);
    const std::size_t left = columns - i;
    if (left >= lanes) {
      if (residual != nullptr) v = hn::Add(v, load(residual + i));
      store(v, y + i);
    } else {
      if (residual != nullptr) v = hn::Add(v, load_part(residual + i, left));
      store_part(v, y + i, left);
    }
  }
}

void write_rows_target(const float* c, std::size_t c_stride, std::size_t rows, std::size_t columns,
                       const TileOutput& output) {
  with_type(output.dtype, [&]<class T>(T) {
    const auto* residual = static_cast<const T*>(output.residual);
    for (std::size_t r = 0; r < rows; ++r) {
      write_row(c + r * c_stride, columns, output,
                residual == nullptr ? nullptr : residual + r * output.stride,
                static_cast<T*>(output.y) + r * output.stride);
    }
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace latentdial::detail::ops::cpu {
namespace {

HWY_EXPORT(target_tile_columns);
HWY_EXPORT(target_max_rows);
HWY_EXPORT(multiply_target);
HWY_EXPORT(pack_panel_target);
HWY_EXPORT(expand_target);
HWY_EXPORT(write_rows_target);

}  // namespace

std::size_t tile_columns() {
  return HWY_DYNAMIC_DISPATCH(target_tile_columns)();
}

std::size_t tile_rows(std::size_t rows) {
  const auto most = HWY_DYNAMIC_DISPATCH(target_max_rows)();
  const auto tiles = (rows + most - 1) / most;
  return (rows + tiles - 1) / tiles;
}

void multiply(const TileProduct& product) {
  HWY_DYNAMIC_DISPATCH(multiply_target)(product);
}

void pack_panel(const float* from, std::size_t stride, std::size_t columns, std::size_t depth, DType dtype,
                void* to) {
  HWY_DYNAMIC_DISPATCH(pack_panel_target)(from, stride, columns, depth, dtype, to);
}

void expand(const bfloat16* from, std::size_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(expand_target)(from, count, to);
}

void prefetch_rows(const TileOutput& output, std::size_t rows) {
  const auto stride = output.stride * element_size(output.dtype);
  for (std::size_t r = 0; r < rows; ++r) {
    __builtin_prefetch(static_cast<const char*>(output.y) + r * stride, 1, 2);
    if (output.residual == nullptr) continue;
    __builtin_prefetch(static_cast<const char*>(output.residual) + r * stride, 0, 2);
  }
}

void write_rows(const float* c, std::size_t c_stride, std::size_t rows, std::size_t columns,
                const TileOutput& output) {
  HWY_DYNAMIC_DISPATCH(write_rows_target)(c, c_stride, rows, columns, output);
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
