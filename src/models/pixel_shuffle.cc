#include "models/pixel_shuffle.h"

namespace latentdial::detail::models {
namespace {

/// Calls body(index in the large picture, index in the small one's channels) for every value of a large
/// picture [B, H, W, C]; of the small one's channels [C, by, by] the last two are the place within a square.
template <class Body>
void for_each_value(const Shape& large, std::int64_t by, const Body& body) {
  const auto height = large[1], width = large[2], channels = large[3];
  std::int64_t at = 0;
  for (std::int64_t b = 0; b < large[0]; ++b) {
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        const auto pixel = (b * (height / by) + y / by) * (width / by) + x / by;
        const auto within = y % by * by + x % by;
        for (std::int64_t c = 0; c < channels; ++c) body(at++, (pixel * channels + c) * by * by + within);
      }
    }
  }
}

}  // namespace

Tensor pixel_shuffle(const Tensor& x, std::int64_t by) {
  Tensor large = Tensor::empty({x.dim(0), x.dim(1) * by, x.dim(2) * by, x.dim(3) / (by * by)});
  const auto* from = x.data<float>();
  auto* to = large.data<float>();
  for_each_value(large.shape(), by, [&](std::int64_t at, std::int64_t small) { to[at] = from[small]; });
  return large;
}

Tensor pixel_unshuffle(const Tensor& x, std::int64_t by) {
  Tensor small = Tensor::empty({x.dim(0), x.dim(1) / by, x.dim(2) / by, x.dim(3) * by * by});
  const auto* from = x.data<float>();
  auto* to = small.data<float>();
  for_each_value(x.shape(), by, [&](std::int64_t at, std::int64_t place) { to[place] = from[at]; });
  return small;
}

Tensor repeat_pixels(const Tensor& x, std::int64_t by) {
  Tensor large = Tensor::empty({x.dim(0), x.dim(1) * by, x.dim(2) * by, x.dim(3)});
  const auto* from = x.data<float>();
  auto* to = large.data<float>();
  for_each_value(large.shape(), by,
                 [&](std::int64_t at, std::int64_t small) { to[at] = from[small / (by * by)]; });
  return large;
}

}  // namespace latentdial::detail::models
