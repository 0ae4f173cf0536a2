#include "tensor/interpolation.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace latentdial::detail {
namespace {

/// Two neighbours along one side, and how far a place is on the way from the first to the second.
struct Between {
  std::int64_t first = 0, second = 0;
  float share = 0;
};

std::vector<Between> places_between(std::int64_t from, std::int64_t to) {
  const float scale = static_cast<float>(from) / static_cast<float>(to);
  std::vector<Between> places;
  for (std::int64_t i = 0; i < to; ++i) {
    const float at = std::max(0.0F, scale * (static_cast<float>(i) + 0.5F) - 0.5F);
    const auto first = std::min(static_cast<std::int64_t>(at), from - 1);
    places.push_back({first, std::min(first + 1, from - 1), at - static_cast<float>(first)});
  }
  return places;
}

}  // namespace

Tensor enlarged_bilinearly(const Tensor& x, std::int64_t height, std::int64_t width) {
  const std::int64_t channels = x.dim(3), row = x.dim(2) * channels;
  const auto rows = places_between(x.dim(1), height), columns = places_between(x.dim(2), width);
  Tensor result = Tensor::empty({1, height, width, channels});
  const float* from = x.values().data();
  float* to = result.values().data();
  for (const Between& down : rows) {
    for (const Between& across : columns) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto in_row = [&](std::int64_t at) {
          return (1 - across.share) * from[at * row + across.first * channels + c] +
                 across.share * from[at * row + across.second * channels + c];
        };
        *to++ = (1 - down.share) * in_row(down.first) + down.share * in_row(down.second);
      }
    }
  }
  return result;
}

}  // namespace latentdial::detail
