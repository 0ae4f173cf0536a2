#pragma once

#include "latentdial/image.h"

namespace latentdial::detail {

/// A rectangle of a picture, in pixels.
struct PixelArea {
  int left = 0, top = 0, width = 0, height = 0;
  bool operator==(const PixelArea&) const = default;
};

/// The smallest multiple of `step` that is not below `length`, neither being negative.
[[nodiscard]] constexpr int round_up(int length, int step) {
  return (length + step - 1) / step * step;
}

/// How a scaled picture's pixels are made of others, each as Pillow has it.
enum class Resampling {
  lanczos,  ///< With three lobes.
  bicubic,  ///< a = −0.5: CLIP's.
};

/// An area of a picture scaled to width × height, its shape too, rows first. The area lies within the
/// picture; what is beside it shows at the edges as it would within the whole.
[[nodiscard]] Image resized(const Image& image, const PixelArea& area, int width, int height,
                            Resampling resampling = Resampling::lanczos);

/// The middle square of a picture whose shorter side is scaled to `size`, the other cut down to whole pixels;
/// only what is in it is computed.
[[nodiscard]] Image middle_square(const Image& image, int size, Resampling resampling);

/// A picture of width × height in which `image` lies with its corner at (left, top), continued by the colours
/// of its edge.
[[nodiscard]] Image continued(const Image& image, int left, int top, int width, int height);

/// Writes a picture of the area's size over that area of another.
void lay_into(Image& image, const PixelArea& area, const Image& laid);

}  // namespace latentdial::detail
