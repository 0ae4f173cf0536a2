#include "model/pixels.h"

#include <algorithm>
#include <cmath>

namespace latentdial::detail {

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

Tensor to_mask(const Image& image, int scale) {
  const int width = image.width / scale, height = image.height / scale;
  Tensor mask = Tensor::zeros({1, height, width, 1});
  const float share = 1.0F / (3.0F * 255.0F * static_cast<float>(scale) * static_cast<float>(scale));
  for (int y = 0; y < height * scale; ++y) {
    for (int x = 0; x < 3 * width * scale; ++x) {
      const auto at = static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) * 3 +
                      static_cast<std::size_t>(x);
      mask.values()[static_cast<std::size_t>(y / scale * width + x / 3 / scale)] +=
          share * static_cast<float>(image.rgb[at]);
    }
  }
  return mask;
}

}  // namespace latentdial::detail
