// The default dial: a position lies at its share of the way that key pictures tell.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "latentdial/dial.h"
#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"

namespace latentdial::detail {
namespace {

constexpr int kSteps = 15;

Settings plain() {
  Settings s;
  s.prompt = "a house in the meadow";
  s.steps = kSteps;
  s.sampler = "dpm++2m";
  s.guidance_scale = 3.5;
  s.seed = 5;
  return s;
}

// The model knows it, and has no dial file for it.
constexpr const char* kStyle = "a sketch";

Settings at(double position, const std::string& style = kStyle) {
  Settings s = plain();
  s.style = style;
  s.method = "calibrated";
  s.position = position;
  return s;
}

std::vector<Request> strip(const std::vector<double>& positions) {
  std::vector<Request> list;
  for (const double position : positions) list.emplace_back(at(position));
  return list;
}

std::vector<double> eleven() {
  std::vector<double> positions;
  for (int i = 0; i <= 10; ++i) positions.push_back(i / 10.0);
  return positions;
}

double distance(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::pow(double{a.rgb[i] * 1.0} - b.rgb[i], 2);
  return std::sqrt(sum / static_cast<double>(a.rgb.size()));
}

/// How well a mix of two pictures, the best one, explains a third: 1 where it is one.
double mixedness(const Image& x, const Image& a, const Image& b) {
  double along = 0, length = 0;
  for (std::size_t i = 0; i < x.rgb.size(); ++i) {
    const double way = double{b.rgb[i] * 1.0} - a.rgb[i];
    along += way * (x.rgb[i] - a.rgb[i]);
    length += way * way;
  }
  const double share = along / length;
  double rest = 0;
  for (std::size_t i = 0; i < x.rgb.size(); ++i)
    rest += std::pow(x.rgb[i] - a.rgb[i] - share * (double{b.rgb[i] * 1.0} - a.rgb[i]), 2);
  rest = std::sqrt(rest / static_cast<double>(x.rgb.size()));
  return 1 - std::pow(rest / std::min(distance(x, a), distance(x, b)), 2);
}

/// The embedded model with every operation counted.
const Pipeline& counting() {
  static const Pipeline loaded = Pipeline::load({.model = "", .dtype = "f32", .threads = 2, .profile = true});
  return loaded;
}

/// What the U-Net does for a list, in FLOP of its innermost level, which nothing else has: proportional to
/// how often it is evaluated, and for how many conditions.
double work_of(const Pipeline& by, const std::vector<Request>& list) {
  const auto done = [&] {
    double sum = 0;
    for (const OperationTime& row : by.profile())
      if (row.operation == "conv2d" && row.shapes.ends_with(", 4, 4, 192]")) sum += row.flop;
    return sum;
  };
  const double before = done();
  by.generate(list, [](std::size_t, const Picture&) {});
  return done() - before;
}

/// As fitted: little shows up to 0.6, and it goes on to 1.4.
Dial fitted() {
  return {.style = kStyle,
          .model = pipeline().info().name,
          .fingerprint = pipeline().info().fingerprint,
          .guidance_scale = 3.5,
          .points = {{0, 0}, {0.2, 0.6}, {1, 1.1}, {1.4, 1.8}},
          .reason = "no more"};
}

std::vector<Request> fitted_strip(const std::vector<double>& positions) {
  std::vector<Request> list = strip(positions);
  for (Request& request : list) request.dial = std::make_shared<const Dial>(fitted());
  return list;
}

TEST(CalibratedDial, ZeroIsThePlainPictureAndOneShowsTheWords) {
  const auto pictures = make(pipeline(), strip({0, 1})).first;
  EXPECT_EQ(pictures[0].image.rgb, pipeline().generate(plain()).image.rgb);
  const auto readings = pipeline().measure({pictures[0].image, pictures[1].image},
                                           {.style = kStyle, .prompt = "a house in the meadow"});
  EXPECT_LT(readings[0].strength, 0.25);
  EXPECT_GT(readings[1].strength, 0.7);
}

/// How alike the outlines of two pictures run: the correlation of what neighbouring pixels differ by.
double outlines_in_common(const Image& a, const Image& b) {
  const auto outline = [](const Image& image, std::size_t i) {
    const std::size_t row = 3 * static_cast<std::size_t>(image.width);
    return std::abs(image.rgb[i] - image.rgb[i + 3]) + std::abs(image.rgb[i] - image.rgb[i + row]) + 0.0;
  };
  double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i + 3 * static_cast<std::size_t>(a.width) + 3 < a.rgb.size(); ++i, ++n) {
    const double u = outline(a, i), v = outline(b, i);
    x += u, y += v, xx += u * u, yy += v * v, xy += u * v;
  }
  return (xy - x * y / n) / std::sqrt((xx - x * x / n) * (yy - y * y / n));
}

TEST(CalibratedDial, OneKeepsMoreOfTheSceneThanWhatTheWordsDrawByThemselves) {
  for (const char* style : {kStyle, "cyberpunk"}) {
    Settings words = plain();
    words.prompt += std::string(", ") + style;
    const auto pictures = make(pipeline(), {at(0, style), at(1, style)}).first;
    EXPECT_GT(outlines_in_common(pictures[0].image, pictures[1].image),
              outlines_in_common(pictures[0].image, pipeline().generate(words).image))
        << style;
  }
}

TEST(CalibratedDial, EveryPositionIsNearerToItsNeighboursThanToTheEnds) {
  const auto pictures = make(pipeline(), strip(eleven())).first;
  const double whole = distance(pictures.front().image, pictures.back().image);
  for (std::size_t i = 1; i < pictures.size(); ++i)
    EXPECT_LT(distance(pictures[i - 1].image, pictures[i].image), 0.45 * whole) << i;
  for (std::size_t i = 1; i < pictures.size(); ++i)
    EXPECT_GT(distance(pictures.front().image, pictures[i].image),
              0.97 * distance(pictures.front().image, pictures[i - 1].image))
        << i;
}

TEST(CalibratedDial, NoJumpPartsTheFirstPositionFromThePlainPicture) {
  const auto pictures = make(pipeline(), strip(eleven())).first;
  double steps = 0;
  for (std::size_t i = 1; i < pictures.size(); ++i)
    steps += distance(pictures[i - 1].image, pictures[i].image);
  EXPECT_LT(distance(pictures[0].image, pictures[1].image), 2 * steps / 10) << "the mean step is a tenth";
}

TEST(CalibratedDial, NoPositionIsAMixOfTheEnds) {
  const auto pictures = make(pipeline(), strip({0, 0.3, 0.5, 0.7, 1})).first;
  for (std::size_t i = 1; i < 4; ++i)
    EXPECT_LT(mixedness(pictures[i].image, pictures.front().image, pictures.back().image), 0.85) << i;
  Image mix = pictures.front().image;
  for (std::size_t i = 0; i < mix.rgb.size(); ++i)
    mix.rgb[i] = static_cast<std::uint8_t>((mix.rgb[i] + pictures.back().image.rgb[i] + 1) / 2);
  EXPECT_GT(mixedness(mix, pictures.front().image, pictures.back().image), 0.99) << "what the figure is for";
}

TEST(CalibratedDial, APositionIsTheSameAloneAndInAStrip) {
  const auto pictures = make(pipeline(), strip({0, 0.2, 0.5, 0.8, 1})).first;
  for (const auto& [place, position] : {std::pair<std::size_t, double>{1, 0.2}, {2, 0.5}, {4, 1.0}})
    EXPECT_EQ(pictures[place].image.rgb, pipeline().share().generate(at(position)).image.rgb) << position;
}

TEST(CalibratedDial, ComesOutAgainWhenThePlainPictureIsForgotten) {
  const auto small = [](Settings s) {
    s.width = s.height = 64;
    s.steps = 2;
    return s;
  };
  const Pipeline pipe = pipeline().share();
  const std::vector<Request> list = requests({small(at(0)), small(at(0.3)), small(at(1))});
  const auto first = make(pipe, list).first;
  for (std::uint64_t seed = 100; seed < 140; ++seed) {
    Settings other = small(plain());
    other.seed = seed;
    (void)pipe.generate(other);
  }
  const auto again = make(pipe, list).first;
  for (std::size_t i = 0; i < list.size(); ++i) EXPECT_EQ(again[i].image.rgb, first[i].image.rgb) << i;
}

TEST(CalibratedDial, DrawsInASingleStepToo) {
  Settings one = at(1);
  one.steps = 1;
  EXPECT_EQ(make(pipeline(), requests({one})).first.size(), 1);
}

TEST(CalibratedDial, APathThatAFileEndsEarlierIsHeldThere) {
  auto list = strip({0.5, 0.8, 1});
  Dial dial = fitted();
  dial.points = {{0, 0}, {0.8, 1.5}};
  for (Request& request : list) request.dial = std::make_shared<const Dial>(dial);
  const auto pictures = make(pipeline(), list).first;
  EXPECT_EQ(pictures[1].image.rgb, pictures[2].image.rgb);
  EXPECT_NE(pictures[0].image.rgb, pictures[1].image.rgb);
  EXPECT_THAT(pictures[2].notices, testing::ElementsAre(testing::HasSubstr("0.8 is used: no more")));
}

// By what the U-Net does; research/ruler/cost.py has the seconds.
TEST(CalibratedDial, ElevenPositionsCostNoMoreThanSixPlainPicturesAndAHalf) {
  const Pipeline fresh = counting().share();
  const double one = work_of(fresh.share(), requests({plain()})), all = work_of(fresh, strip(eleven()));
  EXPECT_LE(all / one, 6.5);
  EXPECT_GE(all / one, 4) << "key pictures are drawn, and everything between them";
  EXPECT_LE(work_of(fresh, strip({0.33})) / one, 0.7) << "one more";
}

TEST(CalibratedDial, AnEndAloneAsksForNoKeysBetween) {
  const double one = work_of(counting().share(), requests({plain()}));
  EXPECT_LE(work_of(counting().share(), strip({0})) / one, 1);
  EXPECT_LE(work_of(counting().share(), strip({0, 1})) / one, 3);
}

TEST(CalibratedDial, TheProgressThatIsToldIsTheWorkThatIsDone) {
  std::vector<StepProgress> told;
  Observer observer;
  observer.on_step = [&](const StepProgress& progress) { told.push_back(progress); };
  pipeline().share().generate(
      strip({-0.5, 0, 0.25, 0.5, 1}), [](std::size_t, const Picture&) {}, observer);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().step, told.back().steps);
  for (std::size_t i = 1; i < told.size(); ++i) EXPECT_LE(told[i - 1].share(), told[i].share());
}

TEST(CalibratedDial, IsTheMethodWhereNoneIsNamed) {
  Settings s = at(0.5);
  s.method = "";
  EXPECT_EQ(pipeline().resolve(s).method, "calibrated");
  EXPECT_EQ(pipeline().generate(s).image.rgb, pipeline().generate(at(0.5)).image.rgb);
}

TEST(CalibratedDial, AFileKnowsTheUsualCourse) {
  const auto with = make(pipeline(), fitted_strip({0, 0.2, 0.5, 1})).first;
  const auto without = make(pipeline(), strip({0, 0.2, 0.5, 1})).first;
  EXPECT_EQ(with[0].image.rgb, without[0].image.rgb);
  EXPECT_NE(with[3].image.rgb, without[3].image.rgb) << "the strength at its position 1";
  // Where little usually shows at a strength, a position is drawn with more of it.
  EXPECT_GT(distance(with[0].image, with[1].image), distance(without[0].image, without[1].image));
  EXPECT_GT(distance(with[0].image, with[2].image), distance(without[0].image, without[2].image));
}

TEST(CalibratedDial, AFileGoesOnBeyondTheWords) {
  const auto pictures = make(pipeline(), fitted_strip({0, 1, 1.2, 1.4, 2})).first;
  EXPECT_EQ(pictures[4].image.rgb, pictures[3].image.rgb);
  EXPECT_THAT(pictures[4].notices, testing::ElementsAre(testing::HasSubstr("1.4 is used: no more")));
  EXPECT_NE(pictures[2].image.rgb, pictures[1].image.rgb);
  EXPECT_NE(pictures[2].image.rgb, pictures[3].image.rgb);
  EXPECT_EQ(pictures[2].image.rgb, make(pipeline().share(), fitted_strip({1.2})).first[0].image.rgb);
}

TEST(CalibratedDial, AFilesProgressIsTheWorkThatIsDone) {
  StepProgress last;
  Observer observer;
  observer.on_step = [&](const StepProgress& progress) { last = progress; };
  const auto nothing = [](std::size_t, const Picture&) {};
  pipeline().share().generate(fitted_strip({0, 0.5, 1, 1.2, 1.4}), nothing, observer);
  EXPECT_EQ(last.step, last.steps);
  EXPECT_EQ(last.evaluations, last.all_evaluations);
}

TEST(CalibratedDial, TellsAtWhichGuidanceItsFileIsExact) {
  auto list = fitted_strip({0.5});
  EXPECT_THAT(make(pipeline(), list).first[0].notices, testing::IsEmpty());
  list[0].settings.guidance_scale = 7.5;
  EXPECT_THAT(make(pipeline(), list).first[0].notices,
              testing::ElementsAre(testing::HasSubstr("calibrated at a guidance scale of 3.5; at 7.5")));
}

TEST(CalibratedDial, WithoutAFileItEndsWhereTheWordsDo) {
  const auto pictures = make(pipeline(), strip({1, 1.5})).first;
  EXPECT_THAT(pictures[0].notices, testing::IsEmpty()) << "no file is needed";
  EXPECT_EQ(pictures[1].image.rgb, pictures[0].image.rgb);
  EXPECT_THAT(pictures[1].notices,
              testing::ElementsAre(testing::HasSubstr("1 is used: the words show no more")));
}

TEST(CalibratedDial, WordsThatShowNothingAreSaidInOneLine) {
  const auto pictures = make(pipeline(), {at(1, "of"), at(0.5, "of"), at(0, "of")}).first;
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(pictures[i].notices.size(), 1);
    EXPECT_THAT(pictures[i].notices.front(), testing::HasSubstr("the model shows nothing of \"of\""));
    EXPECT_FALSE(pictures[i].shows);
  }
  EXPECT_TRUE(pictures[2].notices.empty());
  EXPECT_EQ(pictures[2].shows, 0);
}

TEST(CalibratedDial, TakesAwayWhatThePromptNames) {
  Settings named = at(-1);
  named.prompt = "a house in the meadow, a sketch";
  Settings half = named;
  half.position = -0.5;
  const auto pictures = make(pipeline(), requests({named, half})).first;
  Settings words = plain();
  words.prompt = named.prompt;
  const Image whole = pipeline().generate(words).image;
  EXPECT_GT(distance(whole, pictures[0].image), distance(whole, pictures[1].image));
  EXPECT_GT(distance(whole, pictures[1].image), 0);
}

TEST(CalibratedDial, IsHeldWithinItsRange) {
  const auto pictures = make(pipeline(), strip({1.5, 1, -0.5, 0})).first;
  EXPECT_EQ(pictures[0].image.rgb, pictures[1].image.rgb);
  EXPECT_EQ(pictures[2].image.rgb, pictures[3].image.rgb);
  EXPECT_THAT(pictures[0].notices.front(),
              testing::HasSubstr("position 1.5 is outside of the dial's range, 1 is used"));
  EXPECT_THAT(pictures[2].notices.front(), testing::HasSubstr("the prompt does not name the style"));
}

TEST(CalibratedDial, ActsWhereAMaskIsWhite) {
  Image mask{.width = 128, .height = 128, .rgb = {}};
  for (int i = 0; i < 128 * 128; ++i) mask.rgb.insert(mask.rgb.end(), 3, i % 128 < 64 ? 255 : 0);
  std::vector<Request> list = strip({0, 0.5, 1});
  for (Request& request : list) request.images.style_mask = InputImage(mask);
  const auto pictures = make(pipeline(), list).first;
  const auto changed = [&](std::size_t picture, int from, int to) {
    double sum = 0;
    for (int y = 0; y < 128; ++y)
      for (int x = from; x < to; ++x)
        sum += std::abs(pictures[picture].image.rgb[static_cast<std::size_t>(3 * (y * 128 + x))] -
                        pictures[0].image.rgb[static_cast<std::size_t>(3 * (y * 128 + x))]);
    return sum;
  };
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}})
    EXPECT_GT(changed(i, 0, 48), 2 * changed(i, 80, 128));
}

TEST(CalibratedDial, GoesOnFromAPictureOfYours) {
  const Image photo = pipeline().generate(plain()).image;
  for (const bool inverted : {false, true}) {
    std::vector<Request> list = strip({0, 0.5, 1});
    for (Request& request : list) {
      request.images.start = InputImage(photo);
      request.settings.invert = inverted;
      request.settings.seed = inverted ? 0 : 5;
      request.settings.strength = 0.8;
    }
    const auto pictures = make(pipeline(), list).first;
    Request without = list[0];
    without.settings.style = without.settings.method = "";
    EXPECT_EQ(pictures[0].image.rgb, pipeline().generate(without).image.rgb);
    EXPECT_NE(pictures[1].image.rgb, pictures[2].image.rgb);
  }
}

TEST(CalibratedDial, WorksWithEverySampler) {
  for (const char* sampler : {"pndm", "ddim", "euler", "euler_a", "dpm++2m", "heun", "dpm++sde", "unipc"}) {
    std::vector<Request> list = strip({0, 0.5, 1});
    for (Request& request : list) request.settings.sampler = sampler;
    const auto pictures = make(pipeline(), list).first;
    const double whole = distance(pictures[0].image, pictures[2].image);
    EXPECT_LT(distance(pictures[0].image, pictures[1].image), 1.1 * whole) << sampler;
    EXPECT_LT(distance(pictures[1].image, pictures[2].image), 1.1 * whole) << sampler;
  }
}

TEST(CalibratedDial, StylesAndContentsGoTogether) {
  std::vector<Request> list;
  for (const char* style : {kStyle, "the sunset"})
    for (const double position : {0.0, 0.4, 1.0}) list.emplace_back(at(position, style));
  list[3].settings.prompt = list[4].settings.prompt = "a castle by the lake";
  const auto together = make(pipeline(), list).first;
  for (std::size_t i = 0; i < list.size(); ++i)
    EXPECT_EQ(together[i].image.rgb, pipeline().share().generate(list[i]).image.rgb) << i;
}

}  // namespace
}  // namespace latentdial::detail
