#include "clip/clip_pixels.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "image/area.h"

namespace latentdial::detail {
namespace {

// Of the pictures that CLIP was trained on, in red, green and blue.
constexpr float kMean[] = {0.48145466F, 0.4578275F, 0.40821073F};
constexpr float kDeviation[] = {0.26862954F, 0.26130258F, 0.27577711F};

/// The side beside one that becomes `size`, cut down to whole pixels.
int longer_side(int size, int longer, int shorter) {
  return static_cast<int>(static_cast<std::int64_t>(size) * longer / shorter);
}

}  // namespace

Tensor clip_pixels(const Image& image, int size) {
  const int shorter = std::min(image.width, image.height);
  const int width = longer_side(size, image.width, shorter);
  const int height = longer_side(size, image.height, shorter);
  const Image seen = resized(image, {0, 0, image.width, image.height}, width, height, Resampling::bicubic);
  const int left = (width - size) / 2, top = (height - size) / 2;
  Tensor pixels = Tensor::empty({1, size, size, 3});
  auto to = pixels.values().begin();
  for (int y = top; y < top + size; ++y) {
    const auto row = seen.rgb.begin() + std::ptrdiff_t{3} * (std::ptrdiff_t{y} * width + left);
    for (std::ptrdiff_t i = 0; i < std::ptrdiff_t{3} * size; ++i)
      *to++ = (static_cast<float>(row[i]) / 255.0F - kMean[i % 3]) / kDeviation[i % 3];
  }
  return pixels;
}

}  // namespace latentdial::detail
