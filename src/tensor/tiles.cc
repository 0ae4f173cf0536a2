#include "tensor/tiles.h"

#include <algorithm>
#include <cstddef>

namespace latentdial::detail {
namespace {

constexpr std::int64_t kLeastShared = 4;  // One part in so many of a tile lies under the next.

/// Where tiles of `size` begin that cover `length`, evenly.
std::vector<std::int64_t> begins(std::int64_t length, std::int64_t size) {
  if (size >= length) return {0};
  const auto step = size - size / kLeastShared;
  const auto last = (length - size + step - 1) / step;
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i <= last; ++i) result.push_back((length - size) * i / last);
  return result;
}

/// How much the place `i` of `size` counts: less and less towards the edges, nowhere nothing.
float weight_at(std::int64_t i, std::int64_t size) {
  return static_cast<float>(std::min(i + 1, size - i));
}

std::size_t offset(const Tensor& x, std::int64_t row, std::int64_t column) {
  return static_cast<std::size_t>((row * x.dim(2) + column) * x.dim(3));
}

}  // namespace

std::vector<Tile> tiles_of(std::int64_t height, std::int64_t width, std::int64_t tile_height,
                           std::int64_t tile_width) {
  std::vector<Tile> tiles;
  for (const auto top : begins(height, tile_height))
    for (const auto left : begins(width, tile_width))
      tiles.push_back({top, left, std::min(height, tile_height), std::min(width, tile_width)});
  return tiles;
}

Tensor cut(const Tensor& x, const Tile& tile) {
  Tensor result = Tensor::empty({1, tile.height, tile.width, x.dim(3)});
  for (std::int64_t row = 0; row < tile.height; ++row)
    std::copy_n(&x.values()[offset(x, tile.top + row, tile.left)], tile.width * x.dim(3),
                &result.values()[offset(result, row, 0)]);
  return result;
}

TileMean::TileMean(std::int64_t height, std::int64_t width, std::int64_t channels)
    : sum_(Tensor::zeros({1, height, width, channels})), weights_(Tensor::zeros({1, height, width, 1})) {}

void TileMean::add(const Tile& tile, const Tensor& x) {
  const auto channels = sum_.dim(3);
  for (std::int64_t row = 0; row < tile.height; ++row)
    for (std::int64_t column = 0; column < tile.width; ++column) {
      const float weight = weight_at(row, tile.height) * weight_at(column, tile.width);
      const float* from = &x.values()[offset(x, row, column)];
      float* to = &sum_.values()[offset(sum_, tile.top + row, tile.left + column)];
      for (std::int64_t c = 0; c < channels; ++c) to[c] += weight * from[c];
      weights_.values()[offset(weights_, tile.top + row, tile.left + column)] += weight;
    }
}

Tensor TileMean::whole() const {
  Tensor result = sum_.clone();
  const auto channels = static_cast<std::size_t>(sum_.dim(3));
  for (std::size_t i = 0; i < result.values().size(); ++i)
    result.values()[i] /= weights_.values()[i / channels];
  return result;
}

}  // namespace latentdial::detail
