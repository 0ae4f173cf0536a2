#pragma once

#include <cstdint>
#include <vector>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// A rectangle of a tensor [1,H,W,C], in its places.
struct Tile {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
  [[nodiscard]] Tile times(std::int64_t scale) const {
    return {scale * top, scale * left, scale * height, scale * width};
  }
  bool operator==(const Tile&) const = default;
};

/// Tiles of `tile_height` × `tile_width`, or as far as it goes, that cover height × width in rows, each over
/// a quarter of the next at least.
[[nodiscard]] std::vector<Tile> tiles_of(std::int64_t height, std::int64_t width, std::int64_t tile_height,
                                         std::int64_t tile_width);

/// What lies within a tile, [1,h,w,C].
[[nodiscard]] Tensor cut(const Tensor& x, const Tile& tile);

/// A whole of tiles: where they lie over each other their mean, by weights that fall evenly towards each
/// tile's edges, so that none of them shows (MultiDiffusion: Bar-Tal et al. 2023, arXiv 2302.08113).
class TileMean {
 public:
  TileMean(std::int64_t height, std::int64_t width, std::int64_t channels);
  /// `x` is [1,h,w,C] of the tile's size, f32.
  void add(const Tile& tile, const Tensor& x);
  /// [1,H,W,C], once tiles cover all of it.
  [[nodiscard]] Tensor whole() const;

 private:
  Tensor sum_, weights_;
};

}  // namespace latentdial::detail
