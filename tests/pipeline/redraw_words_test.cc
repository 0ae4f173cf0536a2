// The part of a start image that shows some words is redrawn; the rest comes back bit for bit.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "pipeline/embedded_pipeline.h"

namespace latentdial::detail {
namespace {

constexpr int kSide = 128;

/// The model's own picture of a castle, in its middle.
const Image& castle() {
  static const Image image = [] {
    Settings s;
    s.prompt = "a castle by the lake";
    s.steps = 20;
    s.sampler = "dpm++2m";
    s.seed = 3;
    return pipeline().generate(s).image;
  }();
  return image;
}

Request redrawn(const std::string& words) {
  Request request;
  request.settings.prompt = "a mountain by the lake";
  request.settings.redraw_words = words;
  request.settings.steps = 8;
  request.settings.sampler = "dpm++2m";
  request.settings.strength = 1;
  request.images.start = InputImage(castle());
  return request;
}

/// The share of its pixels that are another than the castle's, within a margin from the edges.
double changed(const Image& image, int margin = 0) {
  double count = 0, all = 0;
  for (int y = margin; y < kSide - margin; ++y)
    for (int x = margin; x < kSide - margin; ++x, ++all) {
      const auto at = static_cast<std::ptrdiff_t>(3 * (y * kSide + x));
      if (!std::equal(image.rgb.begin() + at, image.rgb.begin() + at + 3, castle().rgb.begin() + at)) ++count;
    }
  return count / all;
}

TEST(RedrawWords, TheCastleIsRedrawnAndTheRestComesBackBitForBit) {
  const Image image = pipeline().generate(redrawn("castle")).image;
  EXPECT_GT(changed(image, 48), 0.95) << "in the middle";
  EXPECT_LT(changed(image), 0.8);
}

TEST(RedrawWords, NeedNotBeThePrompts) {
  Request request = redrawn("castle");
  request.settings.prompt = "";
  const double all = changed(pipeline().generate(request).image);
  EXPECT_TRUE(all > 0.1 && all < 0.8) << all;
}

TEST(RedrawWords, AreLookedForOnce) {
  const Pipeline fresh = pipeline().share();
  const Request first = redrawn("castle");
  Request second = first, other = redrawn("lake");
  second.settings.seed = 5;
  EXPECT_EQ(make(fresh, {first, second}).second, 8 + 1) << "one look, and both in one batch";
  EXPECT_EQ(make(fresh, {second}).second, 8);
  EXPECT_EQ(make(fresh, {other}).second, 8 + 1);
}

TEST(RedrawWords, WhatThePictureDoesNotShowIsSaid) {
  try {
    (void)pipeline().generate(redrawn("dog"));
    FAIL() << "there is no dog";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    EXPECT_NE(std::string(error.what()).find("does not show \"dog\""), std::string::npos) << error.what();
  }
}

TEST(RedrawWords, TheDialTurnsThatPart) {
  Request none = redrawn("castle"), full = redrawn("castle");
  none.settings.style = full.settings.style = "sunset";
  full.settings.position = 1;
  const auto pictures = make(pipeline(), {none, full}).first;
  EXPECT_NE(pictures[0].image.rgb, pictures[1].image.rgb);
  for (const Picture& picture : pictures) EXPECT_LT(changed(picture.image), 0.8);
}

TEST(RedrawWords, WhatHasNoSenseBesideThemIsRefused) {
  EXPECT_EQ(refusal(redrawn("castle, lake")), "");
  EXPECT_NE(refusal(redrawn("castle,")).find("empty"), std::string::npos);
  EXPECT_NE(refusal(redrawn(" ")), "");
  EXPECT_NE(refusal(redrawn(std::string(400, 'q'))).find("longer"), std::string::npos);
  Request both = redrawn("castle"), alone = both, wide = both, inverted = both, restored = both,
          nothing = both;
  both.images.mask = InputImage(castle());
  alone.settings.only_masked = true;
  wide.settings.extend_left = 8;
  wide.settings.strength = Settings{}.strength;
  inverted.settings.invert = true;
  restored.settings.restore = "colorize";
  nothing.images = {};
  for (const Request& request : {both, alone, wide, inverted, restored, nothing})
    EXPECT_NE(refusal(request), "");
}

}  // namespace
}  // namespace latentdial::detail
