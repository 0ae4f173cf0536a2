// Several pictures as one job: the same pictures, at less cost.

#include <gtest/gtest.h>

#include <vector>

#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"

namespace latentdial::detail {
namespace {

Settings guided(double position) {
  Settings s;
  s.prompt = "a dog";
  s.steps = 8;
  s.width = s.height = 64;
  s.seed = 11;
  s.style = "sketch";
  s.method = "guide";
  s.style_start = 0.5;
  s.position = position;
  return s;
}

TEST(Batch, GivesThePicturesThatEachAloneWouldBe) {
  for (const char* sampler : {"pndm", "euler_a", "heun", "dpm2_a", "dpm++2s_a", "dpm++sde", "dpm++2m",
                              "dpm++2m_sde", "dpm++3m_sde", "unipc", "deis", "lms", "ddpm", "lcm", "tcd"}) {
    std::vector<Settings> list;
    for (const double position : {0.0, 0.3, 1.0}) list.push_back(guided(position));
    list.push_back(guided(0.5));
    list.back().prompt = "a castle";
    for (auto& s : list) s.sampler = sampler;
    const auto [together, steps] = make(pipeline(), requests(list));
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto fresh = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
      EXPECT_EQ(together[i].image.rgb, fresh.generate(list[i]).image.rgb) << sampler << " " << i;
      EXPECT_EQ(together[i].settings, pipeline().resolve(list[i]));
    }
  }
}

TEST(Batch, PositionsShareTheStepsBeforeTheStyleActs) {
  const auto fresh = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
  Settings s = guided(0.2);
  s.sampler = "ddim";
  EXPECT_EQ(make(fresh, {s}).second, 8) << "one picture takes every step";
  s.position = 0.7;
  EXPECT_EQ(make(fresh, {s}).second, 4) << "one more position only those after the fork";
  s.seed = 12;
  EXPECT_EQ(make(fresh, {s}).second, 8) << "another picture shares nothing";
}

TEST(Batch, ZeroIsThePlainPicture) {
  Settings plain = guided(0);
  plain.style = plain.method = "";
  plain.style_start = 0;
  EXPECT_EQ(make(pipeline(), {guided(0), guided(1)}).first[0].image.rgb,
            pipeline().generate(plain).image.rgb);
}

TEST(Batch, PicturesOfDifferentSizesComeInTheirOrder) {
  Settings wide = guided(0.5);
  wide.width = 128;
  const auto [pictures, steps] = make(pipeline(), {guided(0.5), wide, guided(1)});
  EXPECT_EQ(pictures[1].image.width, 128);
  EXPECT_EQ(pictures[2].image.width, 64);
}

TEST(Batch, StoppingThrowsAndKeepsNothingHalfMade) {
  Observer observer;
  std::stop_source source;
  observer.stop = source.get_token();
  observer.on_step = [&](const StepProgress& p) {
    if (p.step == 2) source.request_stop();
  };
  int made = 0;
  EXPECT_ANY_THROW(pipeline().generate(
      {guided(0.9)}, [&](std::size_t, const Picture&) { ++made; }, observer));
  EXPECT_EQ(made, 0);
}

}  // namespace
}  // namespace latentdial::detail
