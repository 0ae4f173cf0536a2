// Blurs of many taps, against the sum that they stand for.

#include "session/blur.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

Tensor noise(std::int64_t height, std::int64_t width, std::uint32_t seed) {
  Tensor x = Tensor::empty({1, height, width, 3});
  for (float& value : x.values()) {
    seed = seed * 1664525 + 1013904223;
    value = static_cast<float>(seed >> 8) / static_cast<float>(1 << 24) * 2 - 1;
  }
  return x;
}

/// Lopsided, with more taps than are added one by one.
BlurPass wide() {
  BlurPass pass;
  float sum = 0;
  for (int dy = -32; dy <= 20; ++dy)
    for (int dx = -9; dx <= 32; ++dx) {
      const float weight = static_cast<float>((dx * 7 + dy * 3 + 200) % 11);
      sum += weight;
      pass.taps.push_back({dx, dy, weight});
    }
  for (auto& tap : pass.taps) tap.weight /= sum;
  return pass;
}

float at(const Tensor& x, std::int64_t y, std::int64_t column, std::int64_t c) {
  y = std::clamp<std::int64_t>(y, 0, x.dim(1) - 1);
  column = std::clamp<std::int64_t>(column, 0, x.dim(2) - 1);
  return x.values()[static_cast<std::size_t>(3 * (y * x.dim(2) + column) + c)];
}

// Within one square, over several in both directions, and thinner than the blur is wide.
const std::vector<std::pair<std::int64_t, std::int64_t>> kSizes = {{40, 50}, {210, 400}, {3, 300}};

TEST(Blur, OfManyTapsIsTheirSum) {
  const BlurPass pass = wide();
  for (const auto& [height, width] : kSizes) {
    const Tensor x = noise(height, width, 1), found = blurred({pass}, x);
    for (std::int64_t y = 0; y < height; y += 13)
      for (std::int64_t column = 0; column < width; column += 7)
        for (std::int64_t c = 0; c < 3; ++c) {
          double sum = 0;
          for (const auto& [dx, dy, weight] : pass.taps)
            sum += static_cast<double>(weight) * at(x, y + dy, column + dx, c);
          EXPECT_NEAR(at(found, y, column, c), sum, 1e-5) << height << ' ' << y << ' ' << column;
        }
  }
}

TEST(Blur, OfManyTapsHasAnAdjoint) {
  const BlurPass pass = wide();
  for (const auto& [height, width] : kSizes) {
    const Tensor x = noise(height, width, 2), y = noise(height, width, 3);
    const Tensor there = blurred({pass}, x), back = adjoint({pass}, y);
    const double one = dot(there.values(), y.values()), other = dot(x.values(), back.values());
    EXPECT_NEAR(one, other, 1e-5 * std::sqrt(dot(y.values(), y.values()))) << height;
    EXPECT_GT(std::abs(one), 1e-2);
  }
}

}  // namespace
}  // namespace latentdial::detail
