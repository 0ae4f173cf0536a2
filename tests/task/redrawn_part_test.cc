#include "task/redrawn_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace latentdial::detail {
namespace {

using testing::Each;

/// A picture whose pixels are what a function of their places says, grey.
template <class Value>
Image grey(int width, int height, const Value& value) {
  Image image{.width = width, .height = height, .rgb = {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      image.rgb.insert(image.rgb.end(), 3, static_cast<std::uint8_t>(value(x, y)));
  return image;
}

/// White from column `left` on.
Image right_of(int left, int white = 255) {
  return grey(64, 16, [&](int x, int) { return x >= left ? white : 0; });
}

float at(const Tensor& strengths, int x, int y) {
  return strengths.values()[static_cast<std::size_t>(y * strengths.dim(2) + x)];
}

TEST(RedrawnStrengths, AreTheMasksBrightness) {
  const Tensor strengths = redrawn_strengths(right_of(32, 102), 0);
  EXPECT_EQ(at(strengths, 31, 5), 0);
  EXPECT_FLOAT_EQ(at(strengths, 32, 5), 0.4F);
}

TEST(RedrawnStrengths, AreNothingWhereAJpegIsNearlyBlack) {
  EXPECT_THAT(redrawn_strengths(right_of(32, 4), 0).values(), Each(0));
  EXPECT_GT(at(redrawn_strengths(right_of(32, 6), 0), 40, 5), 0);
}

TEST(RedrawnStrengths, FadeAtTheEdgesAndEndThere) {
  const Tensor strengths = redrawn_strengths(right_of(32), 4);
  EXPECT_NEAR(at(strengths, 31, 5) + at(strengths, 32, 5), 1, 1e-5) << "half at the edge";
  for (int x = 1; x < 64; ++x) EXPECT_GE(at(strengths, x, 5), at(strengths, x - 1, 5));
  EXPECT_EQ(at(strengths, 21, 5), 0) << "10 pixels from the edge it has ended";
  EXPECT_GT(at(strengths, 23, 5), 0);
  EXPECT_FLOAT_EQ(at(strengths, 43, 5), 1);
}

TEST(MostOfSquares, KeepsTheMost) {
  const Tensor squares = most_of_squares(redrawn_strengths(right_of(39), 0), 8);
  EXPECT_EQ(squares.shape(), (Shape{1, 2, 8, 1}));
  EXPECT_EQ(at(squares, 3, 1), 0);
  EXPECT_EQ(at(squares, 4, 1), 1) << "one column of it is white";
}

TEST(PartNotices, SayThatAllIsRedrawn) {
  EXPECT_TRUE(part_notices({.mask = InputImage(right_of(32))}).empty());
  const auto notices = part_notices({.mask = InputImage(right_of(0), "all.png")});
  ASSERT_EQ(notices.size(), 1);
  EXPECT_EQ(notices.front(), "all.png is black nowhere: the whole picture is redrawn");
}

TEST(FilledFromAround, LeavesNothingOfWhatWasThere) {
  const Image start = grey(64, 16, [](int x, int) { return x >= 20 && x < 44 ? 255 : x < 32 ? 40 : 80; });
  const Image mask = grey(64, 16, [](int x, int) { return x >= 20 && x < 44 ? 255 : 0; });
  const Image result = filled_from_around(start, redrawn_strengths(mask, 0));
  for (int x = 0; x < 64; ++x) {
    const int value = result.rgb[static_cast<std::size_t>(3 * (5 * 64 + x))];
    EXPECT_GE(value, 40) << x;
    EXPECT_LE(value, 80) << x;
  }
  EXPECT_EQ(result.rgb[static_cast<std::size_t>(3 * (5 * 64 + 20))], 40) << "by the nearer side";
  EXPECT_EQ(result.rgb[static_cast<std::size_t>(3 * (5 * 64 + 43))], 80);
}

TEST(FilledFromAround, KeepsAPictureOfWhichNothingIsKnown) {
  const Image start = grey(16, 16, [](int x, int) { return x; });
  const Image white = grey(16, 16, [](int, int) { return 255; });
  EXPECT_EQ(filled_from_around(start, redrawn_strengths(white, 0)).rgb, start.rgb);
}

}  // namespace
}  // namespace latentdial::detail
