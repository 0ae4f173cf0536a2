// Edits of the finished picture: its scene stays where it is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"

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
  for (const char* sampler :
       {"pndm", "ddim", "euler", "euler_a", "dpm++2m", "lcm", "heun", "dpm2_a", "unipc"}) {
    std::vector<Request> list = {dialled(0), dialled(0.4), dialled(1)};
    for (Request& request : list) {
      Settings& s = request.settings;
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

TEST(AnchoredEdit, SaysWhereTheModelShowsNothingOfTheWords) {
  Settings s = dialled(1, "anchored", "in the");
  EXPECT_THAT(pipeline().generate(s).notices, testing::ElementsAre(testing::HasSubstr("shows nothing")));
  s.position = 0.5;
  EXPECT_THAT(pipeline().generate(s).notices, testing::IsEmpty()) << "less than in full says nothing";
}

TEST(AnchoredEdit, ThePlainPictureIsThereBeforeTheOthersAreBegun) {
  const Delivery made = deliver(pipeline().share(), {dialled(1), dialled(0), dialled(0.5)});
  EXPECT_EQ(made.order, (std::vector<std::size_t>{1, 0, 2}));
  EXPECT_EQ(made.after[0], 15) << "the plain picture's steps";
  EXPECT_EQ(made.after[1], made.last.all_evaluations);
  EXPECT_EQ(made.last.evaluations, made.last.all_evaluations);
}

TEST(AnchoredEdit, StrengthMovesThePictureStepByStep) {
  const auto pictures = make(pipeline(), {dialled(0), dialled(0.25), dialled(0.5), dialled(1)}).first;
  EXPECT_LT(difference(pictures[0].image, pictures[1].image),
            difference(pictures[0].image, pictures[2].image));
  EXPECT_LT(difference(pictures[0].image, pictures[2].image),
            difference(pictures[0].image, pictures[3].image));
  EXPECT_GT(difference(pictures[0].image, pictures[3].image), 12) << "cyberpunk is dark";
}

TEST(AnchoredEdit, APromptThatNamesTheStyleIsTurnedBack) {
  Settings named = dialled(0, "anchored", "sketch");
  named.prompt += ", sketch";
  named.style_start = 0;
  Settings back = named;
  back.position = -1;
  const auto pictures = make(pipeline(), {named, back}).first;
  const Image without = pipeline().generate(plain()).image;
  EXPECT_LT(difference(pictures[1].image, without), 0.8 * difference(pictures[0].image, without));
}

}  // namespace
}  // namespace latentdial::detail
