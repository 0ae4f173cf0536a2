// What a mask means: its brightness, or its opacity.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <array>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/image.h"

namespace latentdial::detail {
namespace {

using Rgba = std::array<std::uint8_t, 4>;

/// A PNG of one row, with transparency.
std::vector<std::uint8_t> png_of(const std::vector<Rgba>& pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(pixels.size());
  image.height = 1;
  image.format = PNG_FORMAT_RGBA;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr);
  std::vector<std::uint8_t> bytes(size);
  png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr);
  bytes.resize(size);
  return bytes;
}

/// The first channel of each pixel.
std::vector<int> values(const std::vector<Rgba>& pixels, MaskOf of) {
  const Image mask = decode_mask(png_of(pixels), "mask.png", of);
  std::vector<int> result;
  for (std::size_t i = 0; i < mask.rgb.size(); i += 3) result.push_back(mask.rgb[i]);
  return result;
}

using testing::ElementsAre;

TEST(Mask, OfBrightnessIsAsItIsPainted) {
  EXPECT_THAT(values({{0, 0, 0, 255}, {128, 128, 128, 255}, {255, 255, 255, 255}}, MaskOf::brightness),
              ElementsAre(0, 128, 255));
}

TEST(Mask, WhereNothingIsPaintedNothingIsMeant) {
  EXPECT_THAT(
      values({{255, 255, 255, 0}, {0, 0, 0, 0}, {255, 255, 255, 255}, {255, 255, 255, 100}, {0, 0, 0, 255}},
             MaskOf::brightness),
      ElementsAre(0, 0, 255, 100, 0))
      << "white strokes on nothing, as a brush leaves them";
}

TEST(Mask, APhotoWithAHoleIsRefusedWhereBrightnessIsMeant) {
  const std::vector<Rgba> photo = {{200, 30, 30, 255}, {0, 0, 0, 0}};
  try {
    (void)values(photo, MaskOf::brightness);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    EXPECT_THAT(error.what(), testing::HasSubstr("mask.png is a picture with transparent parts"));
  }
  EXPECT_THAT(values(photo, MaskOf::opacity), ElementsAre(255, 0));
}

TEST(Mask, OfOpacityIsWhiteWhereNothingIsTransparent) {
  EXPECT_THAT(values({{0, 0, 0, 255}, {9, 9, 9, 255}}, MaskOf::opacity), ElementsAre(255, 255));
}

TEST(Mask, OfEitherIsOpacityWhereThereIsAny) {
  EXPECT_THAT(values({{0, 0, 0, 255}, {9, 9, 9, 30}}, MaskOf::opacity_else_brightness), ElementsAre(255, 30));
  EXPECT_THAT(values({{0, 0, 0, 255}, {9, 9, 9, 255}}, MaskOf::opacity_else_brightness), ElementsAre(0, 9));
}

}  // namespace
}  // namespace latentdial::detail
