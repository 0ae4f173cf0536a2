// Reading a style's strength with the checkpoint alone, on the embedded model.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latentdial/error.h"
#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"

namespace latentdial::detail {
namespace {

Image picture(const std::string& prompt) {
  Settings s;
  s.prompt = prompt;
  s.steps = 12;
  s.sampler = "dpm++2m";
  s.seed = 5;
  return pipeline().generate(s).image;
}

/// Pixel by pixel, the share `s` of the way from `a` to `b`.
Image blend(const Image& a, const Image& b, double s) {
  Image result = a;
  for (std::size_t i = 0; i < a.rgb.size(); ++i)
    result.rgb[i] = static_cast<std::uint8_t>(a.rgb[i] + s * (b.rgb[i] - a.rgb[i]) + 0.5);
  return result;
}

TEST(Meter, ReadsNothingOnAPlainPictureAndAllOnAStyledOne) {
  const auto readings =
      pipeline().measure({picture("a house in the meadow"), picture("a house in the meadow, sketch")},
                         {.style = "sketch", .prompt = "a house in the meadow"});
  EXPECT_NEAR(readings[0].strength, 0, 0.2);
  EXPECT_NEAR(readings[1].strength, 1, 0.3);
  EXPECT_EQ(readings[0].samples.size(), 8u) << "16 evaluations are 8 pairs";
}

TEST(Meter, RisesWithTheStyle) {
  const Image plain = picture("a house in the meadow"), styled = picture("a house in the meadow, sketch");
  std::vector<Image> pictures;
  for (const double s : {0.0, 0.25, 0.5, 0.75, 1.0}) pictures.push_back(blend(plain, styled, s));
  const auto readings = pipeline().measure(pictures, {.style = "sketch", .prompt = "a house in the meadow"});
  for (std::size_t i = 1; i < readings.size(); ++i)
    EXPECT_GT(readings[i].strength, readings[i - 1].strength) << i;
}

TEST(Meter, ReadsAPictureTheSameAloneAndAmongOthers) {
  const Image a = picture("a boat by the lake"), b = picture("a boat by the lake, sunset");
  const Measurement sunset = {.style = "sunset", .prompt = "a boat by the lake"};
  EXPECT_EQ(pipeline().measure({a, b}, sunset)[1].strength, pipeline().measure({b}, sunset)[0].strength);
}

TEST(Meter, MoreEvaluationsMakeTheErrorSmaller) {
  const Image a = picture("a boat by the lake, sunset");
  Measurement few = {.style = "sunset", .prompt = "a boat by the lake", .evaluations = 8};
  Measurement many = few;
  many.evaluations = 128;
  EXPECT_LT(pipeline().measure({a}, many)[0].standard_error, pipeline().measure({a}, few)[0].standard_error);
}

TEST(Meter, RefusesWhatCannotBeRead) {
  const Image a = picture("a boat by the lake");
  EXPECT_THROW((void)pipeline().measure({a}, {.style = " "}), Error);
  EXPECT_THROW((void)pipeline().measure({a}, {.style = "sunset", .evaluations = 3}), Error);
}

}  // namespace
}  // namespace latentdial::detail
