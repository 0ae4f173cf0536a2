// Variations of a picture, on a small random unCLIP model (tests/golden/models/unclip).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "latentdial/parameters.h"
#include "pipeline/embedded_pipeline.h"

namespace latentdial::detail {
namespace {

using ::testing::HasSubstr;

const Pipeline& unclip() {
  static const Pipeline loaded = Pipeline::load(
      {.model = std::string(LATENTDIAL_GOLDEN_DIR) + "/models/unclip", .dtype = "f32", .threads = 2});
  return loaded;
}

InputImage waves(double frequency) {
  Image image{.width = 50, .height = 36, .rgb = {}};
  for (int i = 0; i < 50 * 36; ++i)
    for (int c = 0; c < 3; ++c)
      image.rgb.push_back(static_cast<std::uint8_t>(128 + 120 * std::sin(frequency * (i % 50) + c + i / 50)));
  return InputImage(image);
}

Request variation_of(const InputImage& reference) {
  Request request;
  request.settings.prompt = "a dog";
  request.settings.steps = 3;
  request.settings.seed = 4;
  request.settings.width = request.settings.height = 32;
  request.images.reference = reference;
  return request;
}

Request between(double theta) {
  Request request = variation_of(waves(0.2));
  request.images.to_reference = waves(0.9);
  request.settings.theta = theta;
  return request;
}

std::vector<std::uint8_t> drawn(const Request& request) {
  return unclip().generate(request).image.rgb;
}

/// How far apart two pictures are, of 255.
double apart(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(int{a[i]} - int{b[i]});
  return sum / static_cast<double>(a.size());
}

std::string refused(const Pipeline& by, const Request& request) {
  try {
    (void)by.resolve(request);
  } catch (const Error& error) {
    return error.field() + ": " + error.message();
  }
  return "";
}

TEST(Unclip, SaysWhatItIs) {
  EXPECT_TRUE(unclip().info().takes_reference);
  EXPECT_FALSE(pipeline().info().takes_reference);
  EXPECT_EQ(unclip().info().max_noise_level, 999);
  EXPECT_EQ(unclip().info().guidance_scale, 10);
  EXPECT_TRUE(unclip().info().unused_tensors.empty());
}

TEST(Unclip, TheReferenceDecidesThePicture) {
  const auto plain = drawn(variation_of(waves(0.2)));
  EXPECT_EQ(drawn(variation_of(waves(0.2))), plain);
  EXPECT_GT(apart(drawn(variation_of(waves(0.9))), plain), 1);
  Request noised = variation_of(waves(0.2));
  noised.settings.noise_level = 900;
  EXPECT_GT(apart(drawn(noised), plain), 1);
  noised.settings.noise_level = 0;
  EXPECT_EQ(drawn(noised), plain) << "the default";
}

TEST(Unclip, WhatIsBesideTheMiddleSquareIsNotSeen) {
  Image wide{.width = 96, .height = 32, .rgb = std::vector<std::uint8_t>(3u * 96 * 32, 60)};
  const auto plain = drawn(variation_of(InputImage(wide)));
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 12; ++x) wide.rgb[static_cast<std::size_t>(3 * (96 * y + x))] = 250;
  EXPECT_EQ(drawn(variation_of(InputImage(wide))), plain);
}

TEST(Unclip, TheNegativePromptIsOfNoReference) {
  Request unguided = variation_of(waves(0.2)), guided = unguided;
  unguided.settings.guidance_scale = 1;
  guided.settings.guidance_scale = 10;
  guided.settings.prompt =
      "";  // What it is guided from is told nothing, so guidance changes the picture still.
  unguided.settings.prompt = "";
  EXPECT_GT(apart(drawn(guided), drawn(unguided)), 1);
}

TEST(Unclip, AnInterpolationGoesFromOneReferenceToTheOther) {
  const auto first = drawn(variation_of(waves(0.2))), last = drawn(variation_of(waves(0.9)));
  EXPECT_EQ(drawn(between(0)), first);
  EXPECT_EQ(drawn(between(1)), last);
  const auto middle = drawn(between(0.5));
  EXPECT_GT(apart(middle, first), 0.1);
  EXPECT_GT(apart(middle, last), 0.1);
}

TEST(Unclip, BetweenTwoSeedsTheEndsAreTheSeedsOwnPictures) {
  Request request = between(1), other = variation_of(waves(0.9));
  request.settings.to_seed = 9;
  other.settings.seed = 9;
  request.settings.noise_level = other.settings.noise_level = 400;
  EXPECT_EQ(drawn(request), drawn(other));
}

TEST(Unclip, AnInvertedPictureComesOutAgainUnderItsOwnReference) {
  Request request;
  request.settings.steps = 3;
  request.settings.invert = true;
  request.settings.strength = 1;
  request.settings.guidance_scale = 1;
  request.settings.width = request.settings.height = 32;
  request.images.start = request.images.reference = waves(0.2);
  request.images.end = request.images.to_reference = waves(0.9);
  Request from = request, to = request;
  to.settings.theta = 1;
  Request other = request;
  other.images.start = other.images.reference = waves(0.9);
  other.images.end = other.images.to_reference = std::nullopt;
  EXPECT_LT(apart(drawn(to), drawn(other)), 1);
  EXPECT_GT(apart(drawn(from), drawn(to)), 1);
}

TEST(Unclip, ADialTurnsAVariation) {
  Request request = variation_of(waves(0.2));
  request.settings.style = "sketch";
  const auto at = [&](double position) {
    request.settings.position = position;
    return drawn(request);
  };
  EXPECT_EQ(at(0), drawn(variation_of(waves(0.2))));
  EXPECT_GT(apart(at(1), at(0)), 0.1);
}

TEST(Unclip, PicturesSayWhatTheyAreVariationsOf) {
  const Picture picture = unclip().generate(between(0.5));
  EXPECT_THAT(picture.parameters, HasSubstr("Noise level: 0"));
  const InputHashes hashes = read_input_hashes(picture.parameters);
  EXPECT_EQ(hashes.reference.size(), 16u);
  EXPECT_EQ(hashes.to_reference.size(), 16u);
  EXPECT_NE(hashes.reference, hashes.to_reference);
}

TEST(Unclip, WhatDoesNotFitIsRefusedInALine) {
  Request none = variation_of(waves(0.2));
  none.images.reference = std::nullopt;
  EXPECT_THAT(refused(unclip(), none), HasSubstr("reference: no picture is given; unclip draws variations"));
  EXPECT_THAT(refused(pipeline(), variation_of(waves(0.2))),
              HasSubstr("reference: scenes is not an unCLIP model, which alone draws variations"));
  Request level = variation_of(waves(0.2));
  level.settings.noise_level = 1000;
  EXPECT_THAT(refused(unclip(), level), HasSubstr("noise_level: 1000 is out of range"));
  Request end = none;
  end.images.to_reference = waves(0.9);
  EXPECT_THAT(refused(unclip(), end), HasSubstr("to_reference: it is the other end"));
}

}  // namespace
}  // namespace latentdial::detail
