#include "pipeline/pixels.h"

#include <algorithm>
#include <cmath>

namespace latentdial {

Tensor to_pixels(const Image& image) {
  Tensor pixels = Tensor::empty({1, image.height, image.width, 3});
  std::transform(image.rgb.begin(), image.rgb.end(), pixels.values().begin(),
                 [](std::uint8_t value) { return static_cast<float>(value) / 255.0f * 2 - 1; });
  return pixels;
}

Image to_image(const Tensor& pixels) {
  Image image{.width = static_cast<int>(pixels.dim(2)), .height = static_cast<int>(pixels.dim(1)), .rgb = {}};
  image.rgb.resize(pixels.values().size());
  std::transform(pixels.values().begin(), pixels.values().end(), image.rgb.begin(), [](float value) {
    const float unit = std::isnan(value) ? 0.0f : std::clamp(value / 2 + 0.5f, 0.0f, 1.0f);
    return static_cast<std::uint8_t>(std::nearbyint(unit * 255));
  });
  return image;
}

}  // namespace latentdial
