// A part of a start image is redrawn; the rest comes back bit for bit.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"

namespace latentdial::detail {
namespace {

constexpr int kSide = 128;

/// White from column `left` on.
InputImage white_from(int left, int white = 255) {
  Image mask{.width = kSide, .height = kSide, .rgb = {}};
  for (int i = 0; i < kSide * kSide; ++i) mask.rgb.insert(mask.rgb.end(), 3, i % kSide >= left ? white : 0);
  return InputImage(mask);
}

/// The model's own picture of a castle.
const Image& castle() {
  static const Image image = [] {
    Settings s;
    s.prompt = "a castle by the lake";
    s.steps = 12;
    s.sampler = "dpm++2m";
    s.seed = 3;
    return pipeline().generate(s).image;
  }();
  return image;
}

Request redrawn(const InputImage& mask, const char* sampler = "ddim") {
  Request request;
  request.settings.prompt = "a castle in the desert";
  request.settings.steps = 8;
  request.settings.sampler = sampler;
  request.settings.strength = 1;
  request.settings.mask_blur = 2;
  request.images.start = InputImage(castle());
  request.images.mask = mask;
  return request;
}

/// How many columns, from the left, are the start image's bit for bit.
int kept_columns(const Image& image) {
  for (int x = 0; x < kSide; ++x)
    for (int y = 0; y < kSide; ++y)
      for (int c = 0; c < 3; ++c) {
        const auto i = static_cast<std::size_t>(3 * (y * kSide + x) + c);
        if (image.rgb[i] != castle().rgb[i]) return x;
      }
  return kSide;
}

/// Mean difference from the start image in columns `from` to `to`, in steps of a channel.
double change(const Image& image, int from, int to) {
  double sum = 0;
  for (int y = 0; y < kSide; ++y)
    for (int x = from; x < to; ++x)
      for (int c = 0; c < 3; ++c) {
        const auto i = static_cast<std::size_t>(3 * (y * kSide + x) + c);
        sum += std::abs(image.rgb[i] - castle().rgb[i]);
      }
  return sum / (3.0 * kSide * (to - from));
}

TEST(Inpaint, RedrawsTheWhitePartAndNothingElse) {
  for (const char* sampler : {"ddim", "pndm", "euler", "euler_a", "dpm++2m", "heun", "dpm++sde", "unipc"}) {
    const Image image = pipeline().generate(redrawn(white_from(64), sampler)).image;
    const int kept = kept_columns(image);
    EXPECT_GE(kept, 64 - 5) << sampler << ": a blur of 2 reaches 5 pixels";
    EXPECT_LE(kept, 64) << sampler;
    EXPECT_GT(change(image, 72, kSide), 8) << sampler;
  }
}

TEST(Inpaint, DingLooksTwiceAtAStepAndRedrawsTheWhitePartAndNothingElse) {
  Request request = redrawn(white_from(64));
  const Image plain = pipeline().generate(request).image;
  request.settings.mask_update = "ding";
  std::int64_t evaluations = 0;
  Observer observer;
  observer.on_step = [&](const StepProgress& progress) { evaluations = progress.evaluations; };
  const Image image = pipeline().generate(request, observer).image;
  EXPECT_EQ(evaluations, 2 * 8);
  EXPECT_GE(kept_columns(image), 64 - 5);
  EXPECT_GT(change(image, 72, kSide), 8);
  EXPECT_NE(image.rgb, plain.rgb);
  EXPECT_EQ(image.rgb, pipeline().share().generate(request).image.rgb) << "of one seed there is one picture";
}

TEST(Inpaint, WhatDingHasNoSenseWithIsRefused) {
  Request request = redrawn(white_from(64), "euler");
  request.settings.mask_update = "ding";
  EXPECT_NE(refusal(request).find("ddim"), std::string::npos);
  request.settings.sampler = "";  // The model's own.
  EXPECT_NE(refusal(request).find("ddim"), std::string::npos);
  request.settings.sampler = "ddim";
  EXPECT_EQ(refusal(request), "");
  request.settings.style = "winter";
  EXPECT_NE(refusal(request).find("dial"), std::string::npos);
  request.settings.style = "";
  request.settings.reuse = 2;
  EXPECT_NE(refusal(request).find("reuse"), std::string::npos);
  request.settings.reuse = 1;
  request.images.mask.reset();
  EXPECT_NE(refusal(request).find("mask"), std::string::npos);
  request.settings.mask_update = "other";
  EXPECT_NE(refusal(request).find("replace, ding"), std::string::npos);
}

/// Mean difference between column x of the one and the next column of the other.
double step(const Image& left, const Image& right, int x) {
  double sum = 0;
  for (int y = 0; y < kSide; ++y)
    for (int c = 0; c < 3; ++c)
      sum += std::abs(left.rgb[static_cast<std::size_t>(3 * (y * kSide + x) + c)] -
                      right.rgb[static_cast<std::size_t>(3 * (y * kSide + x + 1) + c)]);
  return sum / (3 * kSide);
}

TEST(Inpaint, JoinsWhatIsKnown) {
  double seam = 0, pasted = 0;
  for (const std::uint64_t seed : {9, 10, 11, 12}) {
    Request request = redrawn(white_from(64));
    request.settings.prompt = "a castle by the lake";
    request.settings.seed = seed;
    request.settings.mask_blur = 0;
    const Image image = pipeline().generate(request).image;
    seam += step(image, image, 63);
    request.images = {};
    pasted += step(castle(), pipeline().generate(request).image, 63);
  }
  EXPECT_LT(seam, 0.6 * pasted) << "another seed's picture pasted beside it";
}

TEST(Inpaint, AtFullStrengthNothingTellsWhatWasThere) {
  Image black = castle();
  for (int y = 0; y < kSide; ++y)
    for (int x = 64; x < kSide; ++x)
      for (int c = 0; c < 3; ++c) black.rgb[static_cast<std::size_t>(3 * (y * kSide + x) + c)] = 0;
  for (const char* sampler : {"ddim", "dpm++2m"}) {
    Request request = redrawn(white_from(64), sampler);
    const Image image = pipeline().generate(request).image;
    request.images.start = InputImage(black);
    EXPECT_EQ(pipeline().generate(request).image.rgb, image.rgb) << sampler;
    request.settings.strength = 0.75;
    EXPECT_NE(pipeline().generate(request).image.rgb, image.rgb) << sampler;
  }
}

TEST(Inpaint, GreyIsRedrawnWithLessStrength) {
  std::vector<double> changes;
  for (const int white : {255, 60, 8})
    changes.push_back(change(pipeline().generate(redrawn(white_from(64, white))).image, 72, kSide));
  EXPECT_TRUE(std::ranges::is_sorted(changes, std::greater<>())) << testing::PrintToString(changes);
  EXPECT_LT(changes.back(), 0.5 * changes.front());
}

TEST(Inpaint, BeginsWithWhatItIsTold) {
  std::vector<Image> images;
  for (const char* fill : {"", "original", "around", "noise", "nothing"}) {
    Request request = redrawn(white_from(64));
    request.settings.strength = 0.6;
    request.settings.mask_fill = fill;
    images.push_back(pipeline().generate(request).image);
    EXPECT_GE(kept_columns(images.back()), 59) << fill;
  }
  EXPECT_EQ(images[0].rgb, images[1].rgb) << "the default";
  for (std::size_t i = 1; i < images.size(); ++i)
    for (std::size_t k = i + 1; k < images.size(); ++k) EXPECT_NE(images[i].rgb, images[k].rgb) << i << k;
}

TEST(Inpaint, TheDialTurnsThePartAlone) {
  for (const char* method : {"calibrated", "anchored", "guide", "slerp"}) {
    std::vector<Request> strip;
    for (const double position : {0.0, 1.0}) {
      Request& request = strip.emplace_back(redrawn(white_from(64)));
      request.settings.style = "cyberpunk";
      request.settings.method = method;
      request.settings.position = position;
    }
    const auto pictures = make(pipeline(), strip).first;
    for (const Picture& picture : pictures) EXPECT_GE(kept_columns(picture.image), 59) << method;
    EXPECT_NE(pictures[0].image.rgb, pictures[1].image.rgb) << method;
    EXPECT_EQ(pictures[0].image.rgb, pipeline().generate(redrawn(white_from(64))).image.rgb) << method;
  }
}

TEST(Inpaint, IsTheSameAloneAndTogether) {
  const std::vector<Request> list = {redrawn(white_from(64)), redrawn(white_from(96)),
                                     redrawn(white_from(64, 128))};
  const auto together = make(pipeline(), list).first;
  for (std::size_t i = 0; i < list.size(); ++i)
    EXPECT_EQ(together[i].image.rgb, pipeline().share().generate(list[i]).image.rgb) << i;
}

TEST(Inpaint, AMaskOfAnotherSizeIsScaled) {
  Image small{.width = 2, .height = 2, .rgb = {0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255}};
  Request request = redrawn(InputImage(small));
  EXPECT_LT(kept_columns(pipeline().generate(request).image), 80);
}

/// The castle on a larger canvas.
Image large_photo() {
  constexpr int kWidth = 300, kHeight = 220;
  Image photo{.width = kWidth, .height = kHeight, .rgb = {}};
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x)
      for (int c = 0; c < 3; ++c)
        photo.rgb.push_back(
            castle()
                .rgb[static_cast<std::size_t>(3 * ((y * kSide / kHeight) * kSide + x * kSide / kWidth) + c)]);
  return photo;
}

Request a_part_by_itself() {
  const Image photo = large_photo();
  Image mask{.width = photo.width, .height = photo.height, .rgb = {}};
  for (int y = 0; y < photo.height; ++y)
    for (int x = 0; x < photo.width; ++x)
      mask.rgb.insert(mask.rgb.end(), 3, x >= 200 && x < 240 && y >= 100 && y < 130 ? 255 : 0);
  Request request = redrawn(InputImage(mask));
  request.images.start = InputImage(photo);
  request.settings.only_masked = true;
  return request;
}

TEST(Inpaint, APartByItselfLeavesThePictureItsSizeAndTheRestItsPixels) {
  const Request request = a_part_by_itself();
  const Picture picture = pipeline().generate(request);
  const Image photo = large_photo();
  ASSERT_EQ(std::pair(picture.image.width, picture.image.height), std::pair(photo.width, photo.height));
  int changed = 0;
  for (int y = 0; y < photo.height; ++y)
    for (int x = 0; x < photo.width; ++x) {
      const auto i = static_cast<std::size_t>(3 * (y * photo.width + x));
      const bool reached = x >= 195 && x < 245 && y >= 95 && y < 135;
      const bool same = picture.image.rgb[i] == photo.rgb[i];
      EXPECT_TRUE(same || reached) << x << " " << y;
      changed += same ? 0 : 1;
    }
  EXPECT_GT(changed, 600) << "of 1,200 pixels under the mask";
  EXPECT_TRUE(picture.notices.empty()) << picture.notices.front();
}

TEST(Inpaint, APartByItselfIsDrawnAsLargeAsAPicture) {
  const Settings s = pipeline().resolve(a_part_by_itself());
  EXPECT_GT(s.width * s.height, kSide * kSide * 2 / 3);
  EXPECT_NEAR(static_cast<double>(s.width) / s.height, (40 + 2 * 37.0) / (30 + 2 * 37.0), 0.15);
}

TEST(Inpaint, TheDialTurnsAPartByItself) {
  std::vector<Request> strip;
  for (const double position : {0.0, 0.5, 1.0}) {
    Request& request = strip.emplace_back(a_part_by_itself());
    request.settings.style = "cyberpunk";
    request.settings.position = position;
  }
  const auto pictures = make(pipeline(), strip).first;
  EXPECT_EQ(pictures[0].image.rgb, pipeline().generate(a_part_by_itself()).image.rgb);
  EXPECT_NE(pictures[1].image.rgb, pictures[2].image.rgb);
}

TEST(Inpaint, SaysThatAllIsRedrawn) {
  const auto notices = pipeline().generate(redrawn(white_from(0))).notices;
  ASSERT_EQ(notices.size(), 1);
  EXPECT_THAT(notices.front(), testing::HasSubstr("the whole picture is redrawn"));
}

TEST(Inpaint, RefusesWhatCannotBe) {
  EXPECT_THAT(refusal(redrawn(white_from(kSide))), testing::HasSubstr("black everywhere"));
  Request no_image = redrawn(white_from(64));
  no_image.images.start = std::nullopt;
  EXPECT_THAT(refusal(no_image), testing::HasSubstr("mask: no picture is given"));
  Request inverted = redrawn(white_from(64));
  inverted.settings.invert = true;
  EXPECT_THAT(refusal(inverted), testing::HasSubstr("an inverted picture is whole"));
  Request fill = redrawn(white_from(64));
  fill.settings.mask_fill = "blue";
  EXPECT_THAT(refusal(fill), testing::HasSubstr("\"blue\" is unknown; use original, around, noise, nothing"));
  Request no_mask = redrawn(white_from(64));
  no_mask.images.mask = std::nullopt;
  no_mask.settings.mask_fill = "noise";
  EXPECT_THAT(refusal(no_mask), testing::HasSubstr("no mask says what is to be filled"));
  no_mask.settings.mask_fill = "";
  no_mask.settings.only_masked = true;
  EXPECT_THAT(refusal(no_mask), testing::HasSubstr("no mask says what is to be drawn by itself"));
  Request wide = redrawn(white_from(64));
  wide.settings.mask_blur = 65;
  EXPECT_THAT(refusal(wide), testing::HasSubstr("65 is out of range, use 0 to 64"));
}

TEST(Inpaint, AWhiteMaskRedrawsAll) {
  EXPECT_EQ(refusal(redrawn(white_from(0))), "");
  EXPECT_EQ(kept_columns(pipeline().generate(redrawn(white_from(0))).image), 0);
}

}  // namespace
}  // namespace latentdial::detail
