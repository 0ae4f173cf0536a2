#pragma once

#include <array>
#include <cstddef>

#include "ops/ops.h"

/// The transforms of Winograd's minimal filtering F(4×4, 3×3) on the points 0, ±1, ±2, ∞ (Lavin & Gray, "Fast
/// Algorithms for Convolutional Neural Networks", 2016): 36 products make 16 results of a 3×3 window, which
/// directly are 144.
namespace latentdial::detail::ops::cpu {

inline constexpr std::size_t kWinogradOutput = 4;     ///< Rows and columns of results in a tile.
inline constexpr std::size_t kWinogradInput = 6;      ///< Rows and columns of pixels that they depend on.
inline constexpr std::size_t kWinogradProducts = 36;  ///< Products per tile.

/// A tile's pixels, and where v = Bᵀ·d·B goes.
struct WinogradInput {
  DType dtype = DType::f32;
  std::array<const void*, kWinogradProducts> pixels{};  ///< Channel 0 of each pixel of the 6×6 tile.
  std::size_t channels = 0;
  float* v = nullptr;
  std::size_t product_stride = 0, block_stride = 0;
};
/// v of `depth` channels from `first` on, both multiples of kDepthBlock: product e of the 16 channels b goes
/// to v + e·product_stride + b·block_stride, b counted from `first`. Channels past `channels` become zero.
void transform_input(const WinogradInput& tile, std::size_t first, std::size_t depth);

/// Row `row` of u = G·g·Gᵀ: from `weights` [depth][9][tile_columns()] products 6·row + j go to
/// u[j·product_stride][depth][tile_columns()].
struct WinogradWeights {
  DType dtype = DType::f32;
  const void* weights = nullptr;
  std::size_t depth = 0, row = 0;
  float* u = nullptr;
  std::size_t product_stride = 0;
};
void transform_weights(const WinogradWeights& weights);

/// y = activation(Aᵀ·m·A + bias) + residual for `columns` channels.
struct WinogradOutput {
  const float* m = nullptr;  ///< Product e is at m + e·product_stride.
  std::size_t product_stride = 0, columns = 0;
  DType dtype = DType::f32;
  const float* bias = nullptr;  ///< Padded to whole vectors, or null.
  Activation activation = Activation::none;
  std::array<const void*, kWinogradOutput * kWinogradOutput> residual{};  ///< By pixel, or null.
  std::array<void*, kWinogradOutput * kWinogradOutput> y{};  ///< By pixel; null outside the picture.
};
void transform_output(const WinogradOutput& tile);

}  // namespace latentdial::detail::ops::cpu
