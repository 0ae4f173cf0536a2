#include "tensor/tiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace latentdial::detail {
namespace {

Tensor counted(std::int64_t height, std::int64_t width) {
  Tensor x = Tensor::empty({1, height, width, 2});
  for (std::size_t i = 0; i < x.values().size(); ++i) x.values()[i] = static_cast<float>(i);
  return x;
}

TEST(Tiles, CoverAllAndLieOverEachOther) {
  for (const auto& [height, width] : {std::pair{16, 16}, std::pair{17, 40}, std::pair{100, 8}}) {
    Tensor times = Tensor::zeros({1, height, width, 1});
    const auto tiles = tiles_of(height, width, 16, 16);
    for (const Tile& tile : tiles)
      for (std::int64_t row = tile.top; row < tile.top + tile.height; ++row)
        for (std::int64_t column = tile.left; column < tile.left + tile.width; ++column)
          times.values()[static_cast<std::size_t>(row * width + column)] += 1;
    EXPECT_GE(*std::ranges::min_element(times.values()), 1) << height << "x" << width;
    for (std::size_t i = 1; i < tiles.size(); ++i)
      EXPECT_TRUE(tiles[i].top != tiles[i - 1].top || tiles[i].left <= tiles[i - 1].left + 12);
  }
  EXPECT_EQ(tiles_of(10, 12, 16, 16), (std::vector<Tile>{{0, 0, 10, 12}}));
}

TEST(Tiles, OfAWholeMakeItAgain) {
  const Tensor whole = counted(30, 21);
  TileMean mean(30, 21, 2);
  for (const Tile& tile : tiles_of(30, 21, 16, 16)) mean.add(tile, cut(whole, tile));
  for (std::size_t i = 0; i < whole.values().size(); ++i)
    EXPECT_NEAR(mean.whole().values()[i], whole.values()[i], 1e-3);
}

TEST(Tiles, ThatDifferGoOverIntoEachOther) {
  TileMean mean(16, 28, 1);
  float level = 0;
  for (const Tile& tile : tiles_of(16, 28, 16, 16)) {
    Tensor x = Tensor::zeros({1, tile.height, tile.width, 1});
    std::ranges::fill(x.values(), level);
    mean.add(tile, x);
    level = 1;
  }
  const Tensor whole = mean.whole();
  EXPECT_EQ(whole.values()[11], 0);
  EXPECT_EQ(whole.values()[16], 1);
  for (std::size_t column = 12; column <= 16; ++column)
    EXPECT_LE(std::abs(whole.values()[column] - whole.values()[column - 1]), 0.21F) << column;
}

}  // namespace
}  // namespace latentdial::detail
