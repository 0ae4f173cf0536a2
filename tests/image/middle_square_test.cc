// The square that an image encoder sees of a picture.

#include <gtest/gtest.h>

#include <vector>

#include "image/area.h"

namespace latentdial::detail {
namespace {

Image pattern(int width, int height) {
  Image image{.width = width, .height = height, .rgb = {}};
  for (int i = 0; i < width * height; ++i)
    for (int c = 0; c < 3; ++c)
      image.rgb.push_back(static_cast<std::uint8_t>((i * 31 + i / width * 57 + c * 91) % 256));
  return image;
}

Image cut(const Image& image, int size) {
  const int left = (image.width - size) / 2, top = (image.height - size) / 2;
  Image square{.width = size, .height = size, .rgb = {}};
  for (int y = top; y < top + size; ++y) {
    const auto row = image.rgb.begin() + 3 * (y * image.width + left);
    square.rgb.insert(square.rgb.end(), row, row + 3 * size);
  }
  return square;
}

TEST(MiddleSquare, IsTheMiddleOfTheWholeScaled) {
  struct Sizes {
    int width, height, scaled_width, scaled_height;
  };
  for (const auto& [width, height, scaled_width, scaled_height] :
       std::vector<Sizes>{{41, 30, 21, 16}, {30, 41, 16, 21}, {7, 7, 16, 16}, {5, 64, 16, 204}}) {
    const Image image = pattern(width, height);
    const Image whole =
        resized(image, {0, 0, width, height}, scaled_width, scaled_height, Resampling::bicubic);
    const Image square = middle_square(image, 16, Resampling::bicubic);
    EXPECT_EQ(square.width, 16);
    EXPECT_EQ(square.rgb, cut(whole, 16).rgb) << width << "x" << height;
  }
}

TEST(MiddleSquare, OfALineAsLongAsAnyCostsNoMoreThanItself) {
  const Image line = pattern(16384, 1);  // Scaled whole it would be 3,670,016 wide: 2.5 GB.
  const Image square = middle_square(line, 224, Resampling::bicubic);
  ASSERT_EQ(square.rgb.size(), 3u * 224 * 224);
  EXPECT_NE(square.rgb.front(), square.rgb.back());
}

}  // namespace
}  // namespace latentdial::detail
