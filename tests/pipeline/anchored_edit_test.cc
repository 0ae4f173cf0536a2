// A dial on the finished picture: its scene stays where it is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <numeric>
#include <vector>

#include "latentdial/dial.h"
#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"
#include "temp_dir.h"

namespace latentdial::detail {
namespace {

Settings plain() {
  Settings s;
  s.prompt = "a castle by the lake";
  s.steps = 15;
  s.sampler = "dpm++2m";
  s.guidance_scale = 3.5;
  s.seed = 1001;
  return s;
}

Settings dialled(double position, const char* method = "anchored", const char* style = "cyberpunk") {
  Settings s = plain();
  s.style = style;
  s.method = method;
  s.style_start = 0.4;
  s.position = position;
  return s;
}

/// Dark, with a little of each colour left.
const std::vector<double> kDark = {0.3, 0, 0, 0.1, 0, 60, 0, 0.2, 0, 0, 0.1, 40, 0, 0, 0.3, 0.1, 0.1, 90};

/// An edit whose position is its strength, and which begins with the picture in the style's colours.
Request recoloured_first(double position, int passes = 1, const std::vector<double>& colours = kDark) {
  Request request(dialled(position, "calibrated"));
  request.settings.style_start = 0;
  Dial dial;
  dial.style = request.settings.style;
  dial.fingerprint = pipeline().info().fingerprint;
  dial.guidance_scale = request.settings.guidance_scale;
  dial.strengthen.recipe = {.start = 0.8, .passes = passes};
  dial.strengthen.recipe.colours = colours;
  dial.strengthen.points = {{0, 0}, {0.4, 0.4}, {1, 1}};
  dial.strengthen.end = 1;
  request.dial = std::make_shared<const Dial>(dial);
  return request;
}

void expect_the_same_alone_and_together(const std::vector<Request>& list) {
  const auto together = make(pipeline(), list).first;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto fresh = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
    EXPECT_EQ(together[i].image.rgb, fresh.generate(list[i]).image.rgb)
        << list[i].settings.sampler << " " << i;
  }
}

/// Root mean square difference, in steps of a channel.
double difference(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::pow(a.rgb[i] - b.rgb[i], 2);
  return std::sqrt(sum / static_cast<double>(a.rgb.size()));
}

double brightness(const Image& image) {
  return std::accumulate(image.rgb.begin(), image.rgb.end(), 0.0) / static_cast<double>(image.rgb.size());
}

TEST(AnchoredEdit, ZeroIsThePlainPictureWhicheverComesFirst) {
  const auto before = pipeline().generate(plain()).image.rgb;
  EXPECT_EQ(pipeline().generate(dialled(0)).image.rgb, before);
  EXPECT_EQ(pipeline().generate(plain()).image.rgb, before);
}

TEST(AnchoredEdit, EachPositionIsTheSameAloneAndTogether) {
  for (const char* sampler : {"pndm", "ddim", "euler", "euler_a", "dpm++2m", "lcm"}) {
    std::vector<Request> list = {dialled(0), dialled(0.4), dialled(1)};
    for (auto& [s, images, dial] : list) {
      s.sampler = sampler;
      s.steps = 8;
      s.width = s.height = 64;
    }
    expect_the_same_alone_and_together(list);
  }
}

TEST(AnchoredEdit, MorePositionsCostOnlyTheWindow) {
  const auto fresh = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
  Settings s = dialled(0.5);
  s.width = s.height = 64;
  EXPECT_EQ(make(fresh, {s}).second, 15 + 9) << "the plain picture, and the last 60 % once more";
  s.position = 0.7;
  EXPECT_EQ(make(fresh, {s}).second, 9);
  s.style = "sketch";
  EXPECT_EQ(make(fresh, {s}).second, 9) << "another style of the same picture";
}

Settings calibrated(double position) {
  Settings s = dialled(position, "calibrated");
  s.style_start = 0;
  return s;
}

TEST(CalibratedDial, EachPositionIsTheSameAloneAndTogether) {
  std::vector<Request> list = {calibrated(0.3), calibrated(0), calibrated(1), calibrated(0.9)};
  for (auto& [s, images, dial] : list) s.width = s.height = 64;
  expect_the_same_alone_and_together(list);
}

TEST(CalibratedDial, OneMorePositionBetweenKnownOnesCostsNoEvaluation) {
  const auto fresh = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
  EXPECT_GT(make(fresh, {calibrated(0), calibrated(0.5)}).second, 15);
  EXPECT_EQ(make(fresh, {calibrated(0.6)}).second, 0);
}

TEST(CalibratedDial, MovesThePictureByTheShareThatItSays) {
  const auto pictures =
      make(pipeline(), {calibrated(0), calibrated(0.13), calibrated(0.26), calibrated(0.39)}).first;
  const double whole = difference(pictures[0].image, pictures[3].image);
  EXPECT_GT(whole, 15) << "cyberpunk is dark";
  EXPECT_NEAR(difference(pictures[0].image, pictures[1].image) / whole, 1.0 / 3, 0.06);
  EXPECT_NEAR(difference(pictures[0].image, pictures[2].image) / whole, 2.0 / 3, 0.06);
}

TEST(CalibratedDial, IsTheMethodWhereNoneIsNamed) {
  Settings s = calibrated(0.5);
  s.method = "";
  EXPECT_EQ(pipeline().resolve(s).method, "calibrated");
  EXPECT_EQ(pipeline().generate(s).image.rgb, pipeline().generate(calibrated(0.5)).image.rgb);
}

TEST(CalibratedDial, BeginsWithTheColoursThatItsFileNames) {
  const Request edit = recoloured_first(1);
  const TempDir folder;
  const auto path = folder / "colours.dial.json";
  write_dial(path, *edit.dial);
  Settings s = calibrated(1);
  s.dial = path;
  EXPECT_EQ(pipeline().generate(s).image.rgb, pipeline().generate(edit).image.rgb);
}

TEST(CalibratedDial, WithoutAFileItEndsAtTheWordsOwnStrengthAndSaysSo) {
  Settings s = calibrated(1);
  s.style = "in the desert";
  const Picture full = pipeline().generate(s);
  ASSERT_EQ(full.notices.size(), 1u);
  EXPECT_THAT(full.notices[0], testing::HasSubstr("no dial is calibrated for \"in the desert\""));
  EXPECT_EQ(make(pipeline(), {calibrated(0), s, s}).first[1].notices.size(), 1u) << "it is said once";
  s.position = 1.5;
  const Picture beyond = pipeline().generate(s);
  EXPECT_EQ(beyond.image.rgb, full.image.rgb);
  EXPECT_THAT(beyond.notices.back(), testing::HasSubstr("position 1.5 is outside of the dial's range"));
}

TEST(AnchoredEdit, EachPassGoesThroughTheStepsOnceMore) {
  const auto fresh = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
  Settings s = dialled(1);
  s.width = s.height = 64;
  s.style_passes = 3;
  EXPECT_EQ(make(fresh, {s}).second, 15 + 3 * 9) << "the plain picture, and the last 60 % three times";
}

TEST(AnchoredEdit, MorePassesShowMoreOfTheStyle) {
  Settings once = dialled(1), often = dialled(1);
  once.style_start = often.style_start = 0.6;
  often.style_passes = 4;
  const auto pictures = make(pipeline(), {dialled(0), once, often}).first;
  EXPECT_GT(difference(pictures[0].image, pictures[2].image),
            difference(pictures[0].image, pictures[1].image) + 10)
      << "cyberpunk is dark";
}

TEST(AnchoredEdit, HasAGuidanceOfItsOwn) {
  Settings gentle = dialled(1);
  gentle.style_guidance = 0.5;
  const auto pictures = make(pipeline(), {dialled(0), gentle, dialled(1)}).first;
  EXPECT_LT(difference(pictures[0].image, pictures[1].image),
            difference(pictures[0].image, pictures[2].image) - 5);
}

TEST(AnchoredEdit, CanBeginWithThePictureInTheStylesColours) {
  const auto pictures =
      make(pipeline(), std::vector<Request>{plain(), recoloured_first(0), recoloured_first(1), dialled(1)})
          .first;
  EXPECT_EQ(pictures[1].image.rgb, pictures[0].image.rgb) << "at 0 as it is";
  const double as_it_is = brightness(pictures[0].image);
  EXPECT_LT(brightness(pictures[2].image), as_it_is - 60)
      << "from 80 % of the steps on, cyberpunk alone takes less";
  EXPECT_GT(brightness(pictures[2].image), 20);
  Settings late = dialled(1);
  late.style_start = 0.8;
  EXPECT_GT(brightness(pipeline().generate(late).image), as_it_is - 40);
}

TEST(AnchoredEdit, WithColoursFirstEachPositionIsTheSameAloneAndTogether) {
  for (const char* sampler : {"pndm", "euler_a", "dpm++2m"}) {
    std::vector<Request> list = {recoloured_first(0, 2), recoloured_first(0.4, 2), recoloured_first(1, 2)};
    for (auto& [s, images, dial] : list) {
      s.sampler = sampler;
      s.steps = 10;
      s.width = s.height = 64;
    }
    expect_the_same_alone_and_together(list);
  }
}

TEST(AnchoredEdit, WithColoursFirstEachPassCostsItsSteps) {
  const auto fresh = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
  const auto small = [](Request request) {
    request.settings.width = request.settings.height = 64;
    return request;
  };
  EXPECT_EQ(make(fresh, {small(recoloured_first(1, 2))}).second, 15 + 2 * 3);
  const std::vector<double> others = {1, 0, 0, 0, 0, 120, 0, 1, 0, 0, 0, 120, 0, 0, 1, 0, 0, 120};
  EXPECT_EQ(make(fresh, {small(recoloured_first(1, 2, others))}).second, 2 * 3)
      << "other colours are another edit";
}

TEST(AnchoredEdit, StrengthMovesThePictureStepByStep) {
  const auto pictures = make(pipeline(), {dialled(0), dialled(0.25), dialled(0.5), dialled(1)}).first;
  EXPECT_LT(difference(pictures[0].image, pictures[1].image),
            difference(pictures[0].image, pictures[2].image));
  EXPECT_LT(difference(pictures[0].image, pictures[2].image),
            difference(pictures[0].image, pictures[3].image));
  EXPECT_GT(difference(pictures[0].image, pictures[3].image), 35) << "cyberpunk is dark";
}

TEST(AnchoredEdit, APromptThatNamesTheStyleIsTurnedBack) {
  Settings named = dialled(0);
  named.prompt += ", cyberpunk";
  named.style_start = 0;
  Settings back = named;
  back.position = -1;
  const auto pictures = make(pipeline(), {named, back}).first;
  const double dark = brightness(pictures[0].image);
  const double light = brightness(pipeline().generate(plain()).image);
  EXPECT_GT(light, dark + 40) << "cyberpunk is dark";
  EXPECT_GT(brightness(pictures[1].image), dark + 0.25 * (light - dark));
}

}  // namespace
}  // namespace latentdial::detail
