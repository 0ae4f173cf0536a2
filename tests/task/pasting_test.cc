#include "task/pasting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace latentdial::detail {
namespace {

constexpr int kWidth = 64, kHeight = 16, kEdge = 32;

/// A grey picture whose pixels are what a function of their places says.
template <class Value>
Image grey(const Value& value) {
  Image image{.width = kWidth, .height = kHeight, .rgb = {}};
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x)
      image.rgb.insert(image.rgb.end(), 3, static_cast<std::uint8_t>(value(x, y)));
  return image;
}

/// White from column kEdge on.
Image mask(int white = 255) {
  return grey([&](int x, int) { return x >= kEdge ? white : 0; });
}

/// In the sixth row.
int at(const Image& image, int x) {
  return image.rgb[static_cast<std::size_t>(3 * (5 * kWidth + x))];
}

int largest_step(const Image& image) {
  int largest = 0;
  for (int x = 1; x < kWidth; ++x) largest = std::max(largest, std::abs(at(image, x) - at(image, x - 1)));
  return largest;
}

TEST(Pasted, IsTheStartImageWhereMaskAndBlurDoNotReach) {
  const Image start = grey([](int x, int y) { return x + y; });
  const Image result = pasted(start, grey([](int x, int) { return x % 2 == 0 ? 50 : 250; }), mask(), 2);
  for (int x = 0; x < 27; ++x) EXPECT_EQ(at(result, x), x + 5) << x;
  EXPECT_NE(at(result, 30), 35) << "the blur";
}

TEST(Pasted, ShowsGreyPlacesAsTheyWereDrawn) {
  const Image start = grey([](int, int) { return 10; });
  const Image result = pasted(start, grey([](int, int) { return 250; }), mask(60), 0);
  EXPECT_EQ(at(result, 40), 250) << "drawn with less strength, not mixed";
  EXPECT_EQ(at(result, 31), 10);
}

TEST(Pasted, ShowsWhatWasDrawnAsItIsWhereTheRestIsAsItWas) {
  const Image drawn = grey([](int x, int) { return x < kEdge ? 100 : 200; });
  EXPECT_EQ(pasted(grey([](int, int) { return 100; }), drawn, mask(), 4).rgb, drawn.rgb);
}

TEST(Pasted, GoesOnInTheColoursOfTheRest) {
  const Image start = grey([](int, int) { return 100; });
  const Image drawn = grey([](int, int) { return 160; });
  const Image result = pasted(start, drawn, mask(), 4);
  EXPECT_LE(largest_step(result), 4) << "60 levels, gone through step by step";
  EXPECT_EQ(at(result, kEdge - 11), 100);
  EXPECT_EQ(at(result, kWidth - 1), 160) << "far from the edge as it was drawn";
}

TEST(Pasted, HasNoStepAtTheEdgeWhereSomethingElseIsDrawn) {
  const Image start = grey([](int, int) { return 100; });
  // As bright as the start image on the whole, but not beside the edge.
  const Image drawn = grey([](int x, int) { return x < 8 ? 70 : x < 24 ? 90 : 130; });
  const Image result = pasted(start, drawn, mask(), 4);
  EXPECT_LE(largest_step(result), 6);
}

}  // namespace
}  // namespace latentdial::detail
