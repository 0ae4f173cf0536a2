#include "model/clip_pixels.h"

#include <cstddef>

namespace latentdial::detail {
namespace {

// Of the pictures that CLIP was trained on, in red, green and blue.
constexpr float kMean[] = {0.48145466F, 0.4578275F, 0.40821073F};
constexpr float kDeviation[] = {0.26862954F, 0.26130258F, 0.27577711F};

}  // namespace

Tensor clip_pixels(const Image& square) {
  Tensor pixels = Tensor::empty({1, square.height, square.width, 3});
  for (std::size_t i = 0; i < square.rgb.size(); ++i)
    pixels.values()[i] = (static_cast<float>(square.rgb[i]) / 255.0F - kMean[i % 3]) / kDeviation[i % 3];
  return pixels;
}

}  // namespace latentdial::detail
