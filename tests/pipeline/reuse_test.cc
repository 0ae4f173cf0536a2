// The denoiser's deeper levels computed at some steps alone.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "denoise/denoising.h"
#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"

namespace latentdial::detail {
namespace {

Settings boat(int reuse) {
  Settings s;
  s.prompt = "a boat by the lake";
  s.steps = 12;
  s.sampler = "dpm++2m";
  s.seed = 7;
  s.reuse = reuse;
  return s;
}

/// Peak signal-to-noise ratio in dB.
double likeness(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::pow(static_cast<double>(a.rgb[i]) - b.rgb[i], 2);
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.rgb.size()) / sum);
}

TEST(Reuse, GivesAPictureLikeTheWholeOne) {
  const Image whole = pipeline().generate(boat(1)).image;
  Settings other = boat(1);
  other.seed = 8;
  const double stranger = likeness(whole, pipeline().generate(other).image);
  double before = 100;
  for (const int reuse : {2, 3, 6}) {
    const double now = likeness(whole, pipeline().generate(boat(reuse)).image);
    EXPECT_GT(now, stranger + 3) << reuse;
    EXPECT_LT(now, before) << "the coarser the fewer steps are whole: " << reuse;
    before = now;
  }
}

TEST(Reuse, ComputesAllBeforeItBeginsAndEverySoManyAfter) {
  const detail::Reuse reuse{.every = 4, .from = 2};
  std::vector<int> computed;
  for (int i = 0; i < 15; ++i)
    if (reuse.computes(i)) computed.push_back(i);
  EXPECT_EQ(computed, (std::vector{0, 1, 2, 6, 10, 14}));
  EXPECT_TRUE(detail::Reuse{}.computes(7)) << "all, where nothing is said";
}

TEST(Reuse, OfASingleStepChangesNothing) {
  Settings s = boat(10);
  s.sampler = "euler";
  s.steps = 1;
  Settings whole = s;
  whole.reuse = 1;
  EXPECT_EQ(pipeline().generate(s).image.rgb, pipeline().generate(whole).image.rgb);
}

TEST(Reuse, DependsOnNoNeighbourAndNoThread) {
  std::vector<Settings> list;
  for (const double position : {0.0, 0.4, 1.0}) {
    Settings s = boat(3);
    s.style = "sketch";
    s.method = "guide";
    s.style_start = 0.4;  // Not where a step is whole by itself.
    s.position = position;
    list.push_back(s);
  }
  const auto together = make(pipeline(), requests(list)).first;
  const auto one = Pipeline::load({.model = "", .dtype = "f32", .threads = 1});
  for (std::size_t i = 0; i < list.size(); ++i)
    EXPECT_EQ(together[i].image.rgb, one.generate(list[i]).image.rgb) << i;
  EXPECT_EQ(together[0].image.rgb, one.generate(boat(3)).image.rgb) << "0 is the plain picture";
}

TEST(Reuse, IsRefusedWhereAPictureIsToComeOutAgain) {
  Request request = boat(2);
  request.settings.invert = true;
  request.settings.sampler = "ddim";
  request.images.start =
      InputImage({.width = 64, .height = 64, .rgb = std::vector<std::uint8_t>(3 * 64 * 64, 90)});
  EXPECT_NE(refusal(request).find("reuse"), std::string::npos);
  request.settings.reuse = 1;
  request.settings.seed = 0;
  EXPECT_EQ(refusal(request), "");
}

}  // namespace
}  // namespace latentdial::detail
