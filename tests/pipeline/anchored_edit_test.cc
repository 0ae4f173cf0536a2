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
  dial.guidance_scale = request.settings.guidance_scale.value();
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

/// What a list's pictures came after, in evaluations, by their places.
struct Delivery {
  std::vector<std::size_t> order;
  std::vector<std::int64_t> after;
  StepProgress last;
};

Delivery deliver(const Pipeline& by, const std::vector<Request>& list) {
  Delivery delivery;
  Observer observer;
  observer.on_step = [&](const StepProgress& step) { delivery.last = step; };
  by.generate(
      list,
      [&](std::size_t i, const Picture&) {
        delivery.order.push_back(i);
        delivery.after.push_back(delivery.last.evaluations);
      },
      observer);
  return delivery;
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

Settings by_a_peer(double position, const char* method, const char* sampler = "dpm++2m") {
  Settings s = dialled(position, method);
  s.style_start = 0;
  s.sampler = sampler;
  s.width = s.height = 64;
  return s;
}

TEST(PeersEdit, EachPositionIsTheSameAloneAndTogether) {
  for (const char* sampler : {"pndm", "euler_a", "dpm++2m"}) {
    std::vector<Request> list;
    for (const char* method : {"flowslider", "veloedit"})
      for (const double position : {0.0, 0.4, 1.0}) list.emplace_back(by_a_peer(position, method, sampler));
    expect_the_same_alone_and_together(list);
  }
}

TEST(PeersEdit, CostsItsSteps) {
  const auto fresh = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
  EXPECT_EQ(make(fresh, {by_a_peer(0.5, "flowslider")}).second, 15 + 10) << "from 8/28 of the steps on";
  EXPECT_EQ(make(fresh, {by_a_peer(0.5, "veloedit")}).second, 15) << "all of them";
}

TEST(PeersEdit, VeloEditDoesNotLookAtTheOriginal) {
  const Pipeline fresh = pipeline().share();
  EXPECT_EQ(deliver(fresh, {by_a_peer(0.5, "veloedit")}).last.all_evaluations, 15 + 15);
  EXPECT_EQ(deliver(fresh, {by_a_peer(0.5, "flowslider")}).last.all_evaluations, 2 * 10);
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
  s.style = "alien invasion";
  const Picture full = pipeline().generate(s);
  ASSERT_EQ(full.notices.size(), 1u);
  EXPECT_THAT(full.notices[0], testing::HasSubstr("no dial is calibrated for \"alien invasion\""));
  EXPECT_EQ(make(pipeline(), {calibrated(0), s, s}).first[1].notices.size(), 1u) << "it is said once";
  s.position = 1.5;
  const Picture beyond = pipeline().generate(s);
  EXPECT_EQ(beyond.image.rgb, full.image.rgb);
  EXPECT_THAT(beyond.notices.back(), testing::HasSubstr("position 1.5 is outside of the dial's range"));
}

TEST(CalibratedDial, SaysWhereTheModelShowsNothingOfTheWordsAndWhatItKnows) {
  Settings s = calibrated(1);
  s.style = "winter";
  for (const double position : {0.3, 1.0, 1.5}) {
    s.position = position;
    EXPECT_THAT(
        pipeline().generate(s).notices.front(),
        testing::StartsWith("the model shows nothing of \"winter\". It knows: Monet style, cyberpunk"));
  }
  s.method = "anchored";
  EXPECT_THAT(pipeline().generate(s).notices, testing::ElementsAre(testing::HasSubstr("shows nothing")));
  s.position = 0.5;
  EXPECT_THAT(pipeline().generate(s).notices, testing::IsEmpty()) << "less than in full says nothing";
  s.method = "calibrated";
  s.style = std::string(100, 'x');
  EXPECT_THAT(pipeline().generate(s).notices.front(), testing::HasSubstr('"' + std::string(40, 'x') + "…\""));
}

TEST(CalibratedDial, SaysNothingOfTheKindOfStylesThatTheModelKnows) {
  for (const char* style :
       {"Monet style", "cyberpunk", "sketch", "sunset", "pixel art", "futuristic high tech"}) {
    Settings s = calibrated(1);
    s.style = style;
    EXPECT_THAT(pipeline().generate(s).notices, testing::IsEmpty()) << style;
  }
}

TEST(CalibratedDial, TellsAtWhichGuidanceItIsExact) {
  Settings s = calibrated(0.5);
  s.guidance_scale.reset();
  EXPECT_THAT(pipeline().generate(s).notices, testing::IsEmpty()) << "the model's own is the dial's";
  s.guidance_scale = 7.5;
  EXPECT_THAT(pipeline().generate(s).notices,
              testing::ElementsAre(testing::HasSubstr("calibrated at a guidance scale of 3.5; at 7.5")));
}

TEST(CalibratedDial, ThePlainPictureIsThereBeforeTheOthersAreBegun) {
  const Pipeline fresh = pipeline().share();
  const Delivery made = deliver(fresh, {calibrated(1), calibrated(0), calibrated(0.5)});
  EXPECT_EQ(made.order, (std::vector<std::size_t>{1, 0, 2}));
  EXPECT_EQ(made.after[0], 15) << "the plain picture's steps";
  EXPECT_EQ(made.after[1], made.last.all_evaluations);
  EXPECT_EQ(made.last.evaluations, made.last.all_evaluations);
}

TEST(CalibratedDial, ProgressCountsTheEvaluationsOfTheWholeList) {
  std::vector<Request> strip;
  for (int i = 0; i <= 40; ++i) strip.emplace_back(calibrated(i / 40.0));
  const Pipeline fresh = pipeline().share();
  std::vector<StepProgress> seen;
  Observer observer;
  observer.on_step = [&](const StepProgress& step) { seen.push_back(step); };
  fresh.generate(
      strip, [](std::size_t, const Picture&) {}, observer);
  for (const StepProgress& step : seen) EXPECT_EQ(step.all_evaluations, seen.back().all_evaluations);
  EXPECT_EQ(seen.back().evaluations, seen.back().all_evaluations);
  EXPECT_LT(seen.back().all_evaluations, 15 + 2 * 2 * 15) << "41 pictures are mixed from two";
  EXPECT_NEAR(seen[14].share(), 15.0 / static_cast<double>(seen.back().all_evaluations), 1e-9);
}

TEST(Progress, CountsEachPictureOfABatchAndOfLaterBatches) {
  Settings a = plain(), b = plain(), wide = plain();
  a.width = a.height = b.width = b.height = 64;
  b.seed = 1002;
  wide.width = 192;
  wide.height = 64;
  const Delivery made = deliver(pipeline().share(), {a, b, wide});
  EXPECT_EQ(made.last.all_evaluations, 3 * 15);
  EXPECT_EQ(made.after, (std::vector<std::int64_t>{30, 30, 45}));
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
