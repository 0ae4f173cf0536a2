// A start image grows beyond its sides; it stays as it is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"

namespace latentdial::detail {
namespace {

constexpr int kSide = 128;
constexpr int kReach = 10;  // Of the default blur of 4 pixels.

const Image& meadow() {
  static const Image image = [] {
    Settings s;
    s.prompt = "a tree in the meadow";
    s.seed = 5;
    s.steps = 10;
    return pipeline().generate(s).image;
  }();
  return image;
}

Request extended(int left, int right, int top = 0, int bottom = 0) {
  Request request;
  Settings& s = request.settings;
  s.prompt = "a tree in the meadow";
  s.seed = 9;
  s.steps = 10;
  s.extend_left = left;
  s.extend_right = right;
  s.extend_top = top;
  s.extend_bottom = bottom;
  request.images.start = InputImage(meadow());
  return request;
}

int at(const Image& image, int x, int y, int c) {
  return image.rgb[static_cast<std::size_t>(3 * (y * image.width + x) + c)];
}

/// Mean step from a column to the next, over all rows and colours.
double step_across(const Image& image, int x) {
  double sum = 0;
  for (int y = 0; y < image.height; ++y)
    for (int c = 0; c < 3; ++c) sum += std::abs(at(image, x + 1, y, c) - at(image, x, y, c));
  return sum / (3.0 * image.height);
}

double mean_step(const Image& image, int from, int to) {
  double sum = 0;
  for (int x = from; x < to; ++x) sum += step_across(image, x);
  return sum / (to - from);
}

TEST(Outpaint, KeepsThePictureAndDrawsBesideIt) {
  const Image image = pipeline().generate(extended(32, 40, 16, 8)).image;
  ASSERT_EQ(std::pair(image.width, image.height), std::pair(kSide + 72, kSide + 24));
  for (int y = kReach; y < kSide - kReach; ++y)
    for (int x = kReach; x < kSide - kReach; ++x)
      for (int c = 0; c < 3; ++c)
        ASSERT_EQ(at(image, x + 32, y + 16, c), at(meadow(), x, y, c)) << x << " " << y;
  for (const auto& [from, to] : {std::pair(0, 30), std::pair(kSide + 32, kSide + 70)})
    EXPECT_GT(mean_step(image, from, to), 0.5) << "something is drawn there";
}

/// How much stronger the steps about column `seam` are than those to either side of it.
double seam_ratio(const std::vector<Image>& images, int seam) {
  double at_seam = 0, elsewhere = 0;
  for (const Image& image : images) {
    at_seam += mean_step(image, seam - 4, seam + 3);
    elsewhere += (mean_step(image, 40, seam - 18) + mean_step(image, seam + 6, image.width - 2)) / 2;
  }
  return at_seam / elsewhere;
}

/// Two pictures side by side.
Image beside(const Image& left, const Image& right) {
  Image both{.width = left.width + right.width, .height = left.height, .rgb = {}};
  for (int y = 0; y < both.height; ++y)
    for (const Image* image : {&left, &right}) {
      const auto row = image->rgb.begin() + std::ptrdiff_t{3} * y * image->width;
      both.rgb.insert(both.rgb.end(), row, row + std::ptrdiff_t{3} * image->width);
    }
  return both;
}

TEST(Outpaint, LeavesNoSeam) {
  std::vector<Image> continued, strangers;
  for (const char* prompt :
       {"a castle by the lake", "a dog on the beach", "a pyramid in the desert", "a tree in the meadow"}) {
    Request request = extended(0, 32);
    request.settings.prompt = prompt;
    Settings plain = request.settings;
    plain.extend_right = 0;
    const Image start = pipeline().generate(plain).image;
    request.images.start = InputImage(start);
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      request.settings.seed = plain.seed = seed;
      continued.push_back(pipeline().generate(request).image);
      strangers.push_back(beside(start, pipeline().generate(plain).image));
    }
  }
  EXPECT_LE(seam_ratio(continued, kSide), 1.1);
  EXPECT_GT(seam_ratio(strangers, kSide), 1.4) << "other pictures of the same words, laid beside";
}

TEST(Outpaint, ALargePictureIsContinuedFromAsMuchAsTheModelSees) {
  Image large{.width = 400, .height = 300, .rgb = {}};
  for (int i = 0; i < 400 * 300; ++i)
    for (int c = 0; c < 3; ++c) large.rgb.push_back(static_cast<std::uint8_t>((i % 400) / 4 + 40 * c));
  Request request = extended(0, 16);
  request.images.start = InputImage(large);
  const Settings s = pipeline().resolve(request);
  EXPECT_NEAR(static_cast<double>(s.width) / s.height, 128.0 / 300, 0.05);
  const Image image = pipeline().generate(request).image;
  ASSERT_EQ(std::pair(image.width, image.height), std::pair(416, 300));
  EXPECT_EQ(at(image, 380, 100, 1), at(large, 380, 100, 1));
}

TEST(Outpaint, APictureOfNearlyTheModelsSizeIsDrawnPixelByPixel) {
  const Settings s = pipeline().resolve(extended(32, 32));
  EXPECT_EQ(std::pair(s.width, s.height), std::pair(kSide + 64, kSide));
}

TEST(Outpaint, AMaskInThePictureIsRedrawnWithWhatIsNew) {
  Image spot{.width = kSide, .height = kSide, .rgb = {}};
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) spot.rgb.insert(spot.rgb.end(), 3, x > 50 && x < 80 && y > 50 ? 255 : 0);
  Request request = extended(0, 32);
  const Image without = pipeline().generate(request).image;
  request.images.mask = InputImage(spot);
  const Image with = pipeline().generate(request).image;
  EXPECT_EQ(at(without, 65, 100, 1), at(meadow(), 65, 100, 1));
  int changed = 0;
  for (int y = 60; y < kSide; ++y) changed += at(with, 65, y, 1) != at(meadow(), 65, y, 1) ? 1 : 0;
  EXPECT_GT(changed, 40);
}

TEST(Outpaint, TheDialTurnsWhatIsNewAlone) {
  std::vector<Request> strip;
  for (const double position : {0.0, 0.5, 1.0}) {
    Request& request = strip.emplace_back(extended(0, 48));
    request.settings.style = "winter";
    request.settings.position = position;
  }
  std::vector<Image> images;
  for (Picture& picture : make(pipeline(), strip).first) images.push_back(std::move(picture.image));
  EXPECT_EQ(images[0].rgb, pipeline().generate(extended(0, 48)).image.rgb);
  EXPECT_NE(images[1].rgb, images[2].rgb);
  for (const Image& image : images) EXPECT_EQ(at(image, 60, 60, 0), at(meadow(), 60, 60, 0));
}

TEST(Outpaint, RefusesWhatCannotBe) {
  Request none = extended(0, 0, 8);
  none.images.start = std::nullopt;
  EXPECT_THAT(refusal(none), testing::HasSubstr("extend_top: no picture is given"));
  Request inverted = extended(8, 0);
  inverted.settings.invert = true;
  inverted.settings.seed = 0;
  EXPECT_THAT(refusal(inverted), testing::HasSubstr("extend_left: an inverted picture is whole"));
  Request gentle = extended(8, 0);
  gentle.settings.strength = 0.4;
  EXPECT_THAT(refusal(gentle), testing::HasSubstr("strength: what is new is drawn whole"));
  gentle.settings.strength = 1;
  EXPECT_EQ(refusal(gentle), "");
  Request filled = extended(8, 0);
  filled.settings.mask_fill = "noise";
  EXPECT_THAT(refusal(filled), testing::HasSubstr("no mask says what is to be filled"));
  EXPECT_THAT(refusal(extended(4097, 0)), testing::HasSubstr("4097 is out of range, use 0 to 4096"));
  EXPECT_THAT(refusal(extended(-8, 0)), testing::HasSubstr("-8 is out of range"));
  EXPECT_THAT(refusal(extended(4096, 4096, 4096)),
              testing::HasSubstr("8320x4224 with what is new is too large; use sides of up to 16384 and at "
                                 "most 16777216 pixels"));
  Request wide = extended(4096, 4096);
  wide.images.start = InputImage(Image{
      .width = 9000, .height = 2, .rgb = std::vector<std::uint8_t>(static_cast<std::size_t>(9000 * 2 * 3))});
  EXPECT_THAT(refusal(wide), testing::HasSubstr("extend_left: 17192x2 with what is new is too large"));
}

}  // namespace
}  // namespace latentdial::detail
