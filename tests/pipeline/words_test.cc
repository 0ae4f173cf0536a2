#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include "embedded_pipeline.h"
#include "latentdial/error.h"
#include "reading/word_mask.h"

namespace latentdial::detail {
namespace {

TEST(TwoMeansMask, PartsPlacesThatGetMuchAttentionFromThoseThatGetLittle) {
  const Tensor mask = two_means_mask(Tensor::of({1, 1, 6, 1}, std::array{1.F, 1.F, 1.F, 9.F, 9.F, 5.F}));
  EXPECT_EQ(mask.values()[0], 0);
  EXPECT_EQ(mask.values()[3], 1);
  EXPECT_GT(mask.values()[5], 0);
  EXPECT_LT(mask.values()[5], 1);
}

TEST(TwoMeansMask, AnEvenAttentionMarksNothing) {
  const Tensor mask = two_means_mask(Tensor::of({1, 2, 2, 1}, std::array{3.F, 3.F, 3.F, 3.F}));
  for (const float value : mask.values()) EXPECT_EQ(value, 0);
}

Settings dog(double position, const std::string& words) {
  Settings s;
  s.prompt = "a dog in the meadow";
  s.steps = 10;
  s.guidance_scale = 3.5;
  s.sampler = "dpm++2m";
  s.seed = 1001;
  s.style = "sunset";
  s.position = position;
  s.mask_words = words;
  return s;
}

/// Mean change of a pixel within a rectangle of shares of the picture.
double change(const Image& a, const Image& b, double left, double top, double right, double bottom) {
  double sum = 0, count = 0;
  for (int y = static_cast<int>(top * a.height); y < static_cast<int>(bottom * a.height); ++y) {
    for (int x = static_cast<int>(3 * left * a.width); x < static_cast<int>(3 * right * a.width);
         ++x, ++count) {
      const auto at = static_cast<std::size_t>(3 * y * a.width + x);
      sum += std::abs(a.rgb[at] - b.rgb[at]);
    }
  }
  return sum / count;
}

TEST(MaskWords, TheStyleActsWhereTheDogIsAndNotInTheSky) {
  for (const char* method : {"calibrated", "guide"}) {
    Settings none = dog(0, "dog"), full = dog(1, "dog");
    none.method = full.method = method;
    const auto pictures = make(pipeline(), {none, full}).first;
    const double on_the_dog = change(pictures[0].image, pictures[1].image, 0.3, 0.5, 0.7, 0.65);
    const double in_the_sky = change(pictures[0].image, pictures[1].image, 0.5, 0, 1, 0.2);
    EXPECT_GT(on_the_dog, 2.5 * in_the_sky) << method;
    EXPECT_GT(on_the_dog, 15) << method;
  }
}

TEST(MaskWords, ZeroIsThePlainPictureToTheBit) {
  Settings plain = dog(0, "");
  plain.style = "";
  EXPECT_EQ(pipeline().generate(plain).image.rgb, pipeline().generate(dog(0, "dog")).image.rgb);
}

TEST(MaskWords, SeveralWordsAreOneMask) {
  EXPECT_NE(pipeline().generate(dog(1, "dog, meadow")).image.rgb,
            pipeline().generate(dog(1, "dog")).image.rgb);
}

TEST(MaskWords, WordsThatThePromptDoesNotSayAreRefused) {
  EXPECT_NE(refusal(dog(1, "cat")).find("does not say \"cat\""), std::string::npos);
  EXPECT_NE(refusal(dog(1, "dog,")).find("does not say \"\""), std::string::npos);
  EXPECT_EQ(refusal(dog(1, "dog, the meadow")), "");
}

TEST(MaskWords, WhatHasNoOneMaskIsRefused) {
  Settings both = dog(1, "dog"), changing = dog(1, "dog"), other = dog(1, "dog");
  both.style_mask = "mask.png";
  changing.prompt = "a [dog:cat:0.5] in the meadow";
  other.method = "slerp";
  for (const Settings& s : {both, changing, other}) EXPECT_NE(refusal(s), "");
}

}  // namespace
}  // namespace latentdial::detail
