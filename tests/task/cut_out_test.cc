// The area around a mask is cut out of its picture, and laid back.

#include "task/cut_out.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace latentdial::detail {
namespace {

/// White within an area.
Image mask_of(int width, int height, const PixelArea& area) {
  Image mask{.width = width, .height = height, .rgb = {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const bool inside =
          x >= area.left && x < area.left + area.width && y >= area.top && y < area.top + area.height;
      mask.rgb.insert(mask.rgb.end(), 3, inside ? 255 : 0);
    }
  return mask;
}

Image photo(int width, int height) {
  Image image{.width = width, .height = height, .rgb = {}};
  for (int i = 0; i < 3 * width * height; ++i) image.rgb.push_back(static_cast<std::uint8_t>(i * 7 % 251));
  return image;
}

bool contains(const PixelArea& outer, const PixelArea& inner) {
  return outer.left <= inner.left && outer.top <= inner.top &&
         outer.left + outer.width >= inner.left + inner.width &&
         outer.top + outer.height >= inner.top + inner.height;
}

TEST(AreaToRedraw, IsTheMaskWithItsBlurAndPadding) {
  const Image mask = mask_of(300, 200, {100, 80, 40, 20});
  EXPECT_EQ(area_to_redraw(mask, 0, 0), (PixelArea{100, 80, 40, 20}));
  EXPECT_EQ(area_to_redraw(mask, 0, 10), (PixelArea{90, 70, 60, 40}));
  EXPECT_EQ(area_to_redraw(mask, 4, 10), (PixelArea{80, 60, 80, 60})) << "a blur of 4 reaches 10";
}

TEST(AreaToRedraw, EndsWhereThePictureEnds) {
  EXPECT_EQ(area_to_redraw(mask_of(300, 200, {0, 190, 40, 10}), 0, 32), (PixelArea{0, 158, 72, 42}));
  EXPECT_EQ(area_to_redraw(mask_of(300, 200, {0, 0, 300, 200}), 8, 32), (PixelArea{0, 0, 300, 200}));
}

TEST(AreaToRedraw, OfABlackMaskIsThePicture) {
  EXPECT_EQ(area_to_redraw(mask_of(300, 200, {}), 4, 32), (PixelArea{0, 0, 300, 200}));
}

TEST(WithShape, GrowsToTheShapeWithinThePicture) {
  EXPECT_EQ(with_shape({100, 80, 40, 20}, 1, 300, 200), (PixelArea{100, 70, 40, 40}));
  EXPECT_EQ(with_shape({0, 80, 40, 120}, 1, 300, 200), (PixelArea{0, 80, 120, 120}));
  EXPECT_EQ(with_shape({280, 0, 20, 60}, 1, 300, 200), (PixelArea{240, 0, 60, 60}));
  EXPECT_EQ(with_shape({0, 0, 300, 40}, 1, 300, 200), (PixelArea{0, 0, 300, 200}))
      << "as far as the picture goes";
}

TEST(WithShape, NeverLeavesThePictureNorLosesTheArea) {
  for (int left = 0; left < 60; left += 7)
    for (int top = 0; top < 40; top += 5)
      for (const double shape : {0.3, 0.8, 1.0, 1.7, 3.1}) {
        const PixelArea area = {left, top, 3 + left / 3, 2 + top / 2};
        const PixelArea grown = with_shape(area, shape, 90, 70);
        EXPECT_TRUE(contains(grown, area));
        EXPECT_TRUE(contains({0, 0, 90, 70}, grown)) << left << " " << top << " " << shape;
      }
}

TEST(LaidBack, ChangesTheMaskedPartAlone) {
  const InputImage start(photo(300, 200));
  const PixelArea white = {100, 80, 40, 20};
  const InputImage mask(mask_of(300, 200, white));
  const PixelArea area = with_shape(area_to_redraw(mask.image(), 2, 16), 1, 300, 200);
  const RedrawnPart part = cut_out(start, mask, 2, area, 128, 128);
  EXPECT_EQ(part.mask->image().width, 128);
  EXPECT_NEAR(part.blur, 2 * 128.0 / area.width, 1e-9);
  Image drawn = resized(start.image(), area, 128, 128);
  const Image& redrawn = part.mask->image();
  for (std::size_t i = 0; i < drawn.rgb.size(); ++i)
    if (redrawn.rgb[i] > 0) drawn.rgb[i] = 255;
  const Image whole = laid_back(drawn, *part.cut_out);
  ASSERT_EQ(std::pair(whole.width, whole.height), std::pair(300, 200));
  for (int y = 0; y < 200; ++y)
    for (int x = 0; x < 300; ++x) {
      const auto i = static_cast<std::size_t>(3 * (y * 300 + x));
      const bool reached = contains({95, 75, 50, 30}, {x, y, 1, 1}),
                 inside = contains({105, 85, 30, 10}, {x, y, 1, 1});
      EXPECT_TRUE(reached || whole.rgb[i] == start.image().rgb[i]) << x << " " << y;
      EXPECT_TRUE(!inside || whole.rgb[i] > 235) << x << " " << y << " " << int{whole.rgb[i]};
    }
}

TEST(LaidBack, KeepsAPictureThatIsDrawnAsItWas) {
  const InputImage start(photo(64, 64)), mask(mask_of(64, 64, {20, 20, 10, 10}));
  const PixelArea area = {10, 10, 32, 32};
  const RedrawnPart part = cut_out(start, mask, 0, area, 32, 32);
  EXPECT_EQ(laid_back(resized(start.image(), area, 32, 32), *part.cut_out).rgb, start.image().rgb);
}

}  // namespace
}  // namespace latentdial::detail
