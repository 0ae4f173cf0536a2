#include "ops/cpu/winograd_kernel.h"

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
void transform_input_typed(const WinogradInput& tile) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t c = 0; c < tile.channels; c += lanes) {
    Vector x[kWinogradProducts];
    const auto left = tile.channels - c;
    for (std::size_t i = 0; i < kWinogradProducts; ++i) {
      const auto* from = static_cast<const T*>(tile.pixels[i]) + c;
      x[i] = left >= lanes ? load(from) : load_part(from, left);
    }
    for (std::size_t i = 0; i < kWinogradInput; ++i) input_points(x + i, kWinogradInput);
    for (std::size_t i = 0; i < kWinogradInput; ++i) input_points(x + kWinogradInput * i, 1);
    auto* to = tile.v + c / kDepthBlock * tile.block_stride + c % kDepthBlock;
    for (std::size_t e = 0; e < kWinogradProducts; ++e) hn::StoreU(x[e], d, to + e * tile.product_stride);
  }
  // The rest of the last block.
  const auto padded = (tile.channels + kDepthBlock - 1) / kDepthBlock * kDepthBlock;
  for (auto c = (tile.channels + lanes - 1) / lanes * lanes; c < padded; c += lanes) {
    auto* to = tile.v + c / kDepthBlock * tile.block_stride + c % kDepthBlock;
    for (std::size_t e = 0; e < kWinogradProducts; ++e)
      hn::StoreU(hn::Zero(d), d, to + e * tile.product_stride);
  }
}

// to[0 … 5] = G·(g0, g1, g2)
inline void weight_points(Vector g0, Vector g1, Vector g2, Vector* to) {
  const auto outer = hn::Add(g0, g2);
  const auto quarters = plus(1.0f / 24, g0, times(1.0f / 6, g2));
  to[0] = times(0.25f, g0);
  to[1] = times(-1.0f / 6, hn::Add(outer, g1));
  to[2] = times(-1.0f / 6, hn::Sub(outer, g1));
  to[3] = plus(1.0f / 12, g1, quarters);
  to[4] = plus(-1.0f / 12, g1, quarters);
  to[5] = g2;
}

template <class T>
void transform_weights_typed(const T* weights, std::size_t depth, float* u, std::size_t product_stride) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d), width = 2 * lanes;
  for (std::size_t k = 0; k < depth; ++k) {
    for (std::size_t v = 0; v < width; v += lanes) {
      const T* g = weights + k * 9 * width + v;
      Vector columns[3][kWinogradInput];
      for (std::size_t j = 0; j < 3; ++j) {
        weight_points(load(g + j * width), load(g + (3 + j) * width), load(g + (6 + j) * width), columns[j]);
      }
      float* to = u + k * width + v;
      for (std::size_t i = 0; i < kWinogradInput; ++i) {
        Vector row[kWinogradInput];
        weight_points(columns[0][i], columns[1][i], columns[2][i], row);
        for (std::size_t j = 0; j < kWinogradInput; ++j) {
          hn::StoreU(row[j], d, to + (i * kWinogradInput + j) * product_stride);
        }
      }
    }
  }
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

void transform_input_target(const WinogradInput& tile) {
  with_type(tile.dtype, [&]<class T>(T) { transform_input_typed<T>(tile); });
}
void transform_weights_target(DType dtype, const void* weights, std::size_t depth, float* u,
                              std::size_t product_stride) {
  with_type(dtype, [&]<class T>(T) {
    transform_weights_typed(static_cast<const T*>(weights), depth, u, product_stride);
  });
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

void transform_input(const WinogradInput& tile) {
  HWY_DYNAMIC_DISPATCH(transform_input_target)(tile);
}
void transform_weights(DType dtype, const void* weights, std::size_t depth, float* u,
                       std::size_t product_stride) {
  HWY_DYNAMIC_DISPATCH(transform_weights_target)(dtype, weights, depth, u, product_stride);
}
void transform_output(const WinogradOutput& tile) {
  HWY_DYNAMIC_DISPATCH(transform_output_target)(tile);
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
