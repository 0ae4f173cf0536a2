#include <gtest/gtest.h>

#include "latentdial/request.h"

namespace latentdial {
namespace {

Image grey(int width, int height) {
  return {width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * 3), 128)};
}

TEST(InputImage, IsKnownByItsPixels) {
  const InputImage one(grey(16, 8)), same(grey(16, 8), "another name"), turned(grey(8, 16));
  EXPECT_EQ(one, same);
  EXPECT_EQ(one.hash(), same.hash());
  EXPECT_FALSE(one == turned);
  EXPECT_NE(one.hash(), turned.hash());
}

TEST(InputImage, IsResizedOnceForAllOfItsCopies) {
  const InputImage photo(grey(64, 64), "photo.png");
  const InputImage copy = photo;
  const InputImage small = photo.resized(16, 8);
  EXPECT_EQ(small.image().width, 16);
  EXPECT_EQ(small.image().height, 8);
  EXPECT_EQ(small.name(), "photo.png");
  EXPECT_EQ(&copy.resized(16, 8).image(), &small.image());
  EXPECT_EQ(photo.resized(8, 8).image().width, 8);  // Another size, and back.
  EXPECT_EQ(photo.resized(16, 8), small);
  EXPECT_EQ(&photo.resized(64, 64).image(), &photo.image());
}

}  // namespace
}  // namespace latentdial
