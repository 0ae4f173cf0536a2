#include "ops/cpu/winograd_kernel.h"

#include <algorithm>
#include <array>

#include "ops/cpu/operations.h"
#include "ops/cpu/simd_targets.h"
#include "ops/cpu/tile_kernel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/winograd_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

inline Vector times(float factor, Vector x) {
  return hn::Mul(hn::Set(Floats(), factor), x);
}
// factor·x + y
inline Vector plus(float factor, Vector x, Vector y) {
  return hn::MulAdd(hn::Set(Floats(), factor), x, y);
}

// Bᵀ·(d0 … d5), in place.
inline void input_points(Vector* d, std::size_t stride) {
  const auto even = plus(-4.0f, d[2 * stride], d[4 * stride]);
  const auto odd = plus(-4.0f, d[stride], d[3 * stride]);
  const auto even2 = hn::Sub(d[4 * stride], d[2 * stride]);
  const auto odd2 = hn::Sub(d[3 * stride], d[stride]);
  d[0] = plus(4.0f, d[0], plus(-5.0f, d[2 * stride], d[4 * stride]));
  d[5 * stride] = plus(4.0f, d[stride], plus(-5.0f, d[3 * stride], d[5 * stride]));
  d[stride] = hn::Add(even, odd);
  d[2 * stride] = hn::Sub(even, odd);
  d[3 * stride] = plus(2.0f, odd2, even2);
  d[4 * stride] = plus(-2.0f, odd2, even2);
}

template <class T>
void transform_input_typed(const WinogradInput& tile, std::size_t first, std::size_t depth) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  const auto channels = std::min(depth, tile.channels - first);
  for (std::size_t c = 0; c < channels; c += lanes) {
    Vector x[kWinogradInput][kWinogradInput];
    const auto left = channels - c;
    const bool whole = left >= lanes;
#pragma GCC unroll 6
    for (std::size_t j = 0; j < kWinogradInput; ++j) {
      Vector column[kWinogradInput];
#pragma GCC unroll 6
      for (std::size_t i = 0; i < kWinogradInput; ++i) {
        const auto* from = static_cast<const T*>(tile.pixels[i * kWinogradInput + j]) + first + c;
        column[i] = whole ? load(from) : load_part(from, left);
      }
      input_points(column, 1);
#pragma GCC unroll 6
      for (std::size_t i = 0; i < kWinogradInput; ++i) x[i][j] = column[i];
    }
    auto* to = tile.v + c / kDepthBlock * tile.block_stride + c % kDepthBlock;
#pragma GCC unroll 6
    for (std::size_t i = 0; i < kWinogradInput; ++i) {
      input_points(x[i], 1);
#pragma GCC unroll 6
      for (std::size_t j = 0; j < kWinogradInput; ++j) {
        hn::StoreU(x[i][j], d, to + (i * kWinogradInput + j) * tile.product_stride);
      }
    }
  }
  // The rest of the last block.
  for (auto c = (channels + lanes - 1) / lanes * lanes; c < depth; c += lanes) {
    auto* to = tile.v + c / kDepthBlock * tile.block_stride + c % kDepthBlock;
    for (std::size_t e = 0; e < kWinogradProducts; ++e)
      hn::StoreU(hn::Zero(d), d, to + e * tile.product_stride);
  }
}

// Row kRow of G·(g0, g1, g2).
template <std::size_t kRow>
inline Vector weight_point(Vector g0, Vector g1, Vector g2) {
  if constexpr (kRow == 0) return times(0.25f, g0);
  if constexpr (kRow == 1) return times(-1.0f / 6, hn::Add(hn::Add(g0, g2), g1));
  if constexpr (kRow == 2) return times(-1.0f / 6, hn::Sub(hn::Add(g0, g2), g1));
  if constexpr (kRow == 3) return plus(1.0f / 12, g1, plus(1.0f / 24, g0, times(1.0f / 6, g2)));
  if constexpr (kRow == 4) return plus(-1.0f / 12, g1, plus(1.0f / 24, g0, times(1.0f / 6, g2)));
  return g2;
}

template <std::size_t kRow, class T>
void transform_weights_row(const T* weights, std::size_t depth, float* u, std::size_t product_stride) {
  const std::size_t lanes = hn::Lanes(Floats()), width = 2 * lanes;
  for (std::size_t k = 0; k < depth; ++k) {
    for (std::size_t v = 0; v < width; v += lanes) {
      const T* g = weights + k * 9 * width + v;
      const auto column = [&](std::size_t j) {
        return weight_point<kRow>(load(g + j * width), load(g + (3 + j) * width), load(g + (6 + j) * width));
      };
      const auto g0 = column(0), g1 = column(1), g2 = column(2);
      float* to = u + k * width + v;
      store(weight_point<0>(g0, g1, g2), to);
      store(weight_point<1>(g0, g1, g2), to + product_stride);
      store(weight_point<2>(g0, g1, g2), to + 2 * product_stride);
      store(weight_point<3>(g0, g1, g2), to + 3 * product_stride);
      store(weight_point<4>(g0, g1, g2), to + 4 * product_stride);
      store(weight_point<5>(g0, g1, g2), to + 5 * product_stride);
    }
  }
}

template <class T>
void transform_weights_typed(const WinogradWeights& w) {
  static constexpr std::array kRows = {&transform_weights_row<0, T>, &transform_weights_row<1, T>,
                                       &transform_weights_row<2, T>, &transform_weights_row<3, T>,
                                       &transform_weights_row<4, T>, &transform_weights_row<5, T>};
  kRows[w.row](static_cast<const T*>(w.weights), w.depth, w.u, w.product_stride);
}

// to[0 … 3] = Aᵀ·(m0 … m5)
inline void output_points(const Vector* m, std::size_t stride, Vector* to, std::size_t to_stride) {
  const auto sum1 = hn::Add(m[stride], m[2 * stride]), difference1 = hn::Sub(m[stride], m[2 * stride]);
  const auto sum2 = hn::Add(m[3 * stride], m[4 * stride]);
  const auto difference2 = hn::Sub(m[3 * stride], m[4 * stride]);
  to[0] = hn::Add(m[0], hn::Add(sum1, sum2));
  to[to_stride] = plus(2.0f, difference2, difference1);
  to[2 * to_stride] = plus(4.0f, sum2, sum1);
  to[3 * to_stride] = hn::Add(plus(8.0f, difference2, difference1), m[5 * stride]);
}

template <class T>
void write_pixel(const WinogradOutput& tile, std::size_t pixel, std::size_t column, Vector v) {
  auto* y = static_cast<T*>(tile.y[pixel]);
  if (y == nullptr) return;
  const auto* residual = static_cast<const T*>(tile.residual[pixel]);
  v = activated(tile.activation, v);
  const auto left = tile.columns - column;
  if (left >= hn::Lanes(Floats())) {
    if (residual != nullptr) v = hn::Add(v, load(residual + column));
    store(v, y + column);
  } else {
    if (residual != nullptr) v = hn::Add(v, load_part(residual + column, left));
    store_part(v, y + column, left);
  }
}

template <class T>
void transform_output_typed(const WinogradOutput& tile) {
  const Floats d;
  for (std::size_t c = 0; c < tile.columns; c += hn::Lanes(d)) {
    Vector m[kWinogradProducts], rows[kWinogradOutput * kWinogradInput];
    for (std::size_t e = 0; e < kWinogradProducts; ++e)
      m[e] = hn::LoadU(d, tile.m + e * tile.product_stride + c);
    for (std::size_t i = 0; i < kWinogradInput; ++i)
      output_points(m + i, kWinogradInput, rows + i, kWinogradInput);
    const auto bias = tile.bias != nullptr ? hn::LoadU(d, tile.bias + c) : hn::Zero(d);
    for (std::size_t i = 0; i < kWinogradOutput; ++i) {
      Vector y[kWinogradOutput];
      output_points(rows + i * kWinogradInput, 1, y, 1);
      for (std::size_t j = 0; j < kWinogradOutput; ++j) {
        write_pixel<T>(tile, i * kWinogradOutput + j, c, hn::Add(y[j], bias));
      }
    }
  }
}

void transform_input_target(const WinogradInput& tile, std::size_t first, std::size_t depth) {
  with_type(tile.dtype, [&]<class T>(T) { transform_input_typed<T>(tile, first, depth); });
}
void transform_weights_target(const WinogradWeights& w) {
  with_type(w.dtype, [&]<class T>(T) { transform_weights_typed<T>(w); });
}
void transform_output_target(const WinogradOutput& tile) {
  with_type(tile.dtype, [&]<class T>(T) { transform_output_typed<T>(tile); });
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace latentdial::detail::ops::cpu {
namespace {

HWY_EXPORT(transform_input_target);
HWY_EXPORT(transform_weights_target);
HWY_EXPORT(transform_output_target);

}  // namespace

void transform_input(const WinogradInput& tile, std::size_t first, std::size_t depth) {
  HWY_DYNAMIC_DISPATCH(transform_input_target)(tile, first, depth);
}
void transform_weights(const WinogradWeights& weights) {
  HWY_DYNAMIC_DISPATCH(transform_weights_target)(weights);
}
void transform_output(const WinogradOutput& tile) {
  HWY_DYNAMIC_DISPATCH(transform_output_target)(tile);
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
