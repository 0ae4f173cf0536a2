// The whole way from settings to a picture, on the embedded model at a small size.

#include "latentdial/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <stop_token>
#include <thread>

#include "latentdial/error.h"
#include "latentdial/parameters.h"
#include "pipeline/embedded_pipeline.h"
#include "temp_dir.h"

namespace latentdial::detail {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// One loaded model for all tests: loading is the slow part.
Settings small(const std::string& prompt) {
  Settings s;
  s.prompt = prompt;
  s.steps = 4;
  s.width = s.height = 64;
  s.seed = 11;
  return s;
}

Image make(const Settings& settings) {
  return pipeline().generate(settings).image;
}

TEST(Pipeline, FillsInTheModelsOwnDefaults) {
  Settings s;
  s.prompt = "a dog";
  const Settings resolved = pipeline().resolve(s);
  EXPECT_EQ(resolved.width, pipeline().info().width);
  EXPECT_EQ(resolved.sampler, "pndm");
  EXPECT_EQ(resolved.scheduler, "normal");
  EXPECT_EQ(resolved.guidance_scale, 3.5);
  EXPECT_EQ(pipeline().info().guidance_scale, 3.5);
}

TEST(Pipeline, NoGuidanceScaleUpToOneIgnoresThePrompt) {
  Settings s = small("a dog"), none = small("a dog"), other = small("a castle");
  s.guidance_scale = 1;
  none.guidance_scale = other.guidance_scale = 0;
  EXPECT_EQ(make(none).rgb, make(s).rgb);
  EXPECT_NE(make(none).rgb, make(other).rgb);
  s.style = none.style = "sketch";
  for (const char* method : {"calibrated", "anchored", "guide", "slerp"}) {
    s.method = none.method = method;
    s.position = none.position = 0.5;
    EXPECT_EQ(make(none).rgb, make(s).rgb) << method;
  }
}

TEST(Pipeline, ReadsNoNegativePromptWithoutGuidance) {
  const auto layers_read = [](double guidance_scale) {
    const Pipeline own = Pipeline::load({.model = "", .dtype = "f32", .threads = 2, .profile = true});
    Settings s = small("a dog");
    s.negative_prompt = "a cat";
    s.guidance_scale = guidance_scale;
    (void)own.generate(s);
    std::int64_t calls = 0;
    for (const OperationTime& row : own.profile())
      if (row.operation == "attention, 32 keys" && row.shapes.starts_with("[1, 32, ")) calls += row.calls;
    return calls;
  };
  const auto once = layers_read(1);
  EXPECT_GT(once, 0);
  EXPECT_EQ(layers_read(3.5), 2 * once);
}

TEST(Pipeline, SaysWhereThePictureIsLargerThanTheModelKnows) {
  Settings s = small("a dog");
  s.steps = 1;
  s.width = 256;
  EXPECT_THAT(pipeline().generate(s).notices, IsEmpty()) << "twice its own side";
  s.width = 264;
  EXPECT_THAT(pipeline().generate(s).notices,
              testing::ElementsAre("scenes was trained at 128x128; at 264x64 it shows no scene, or the same "
                                   "several times"));
}

TEST(Pipeline, RefusesSidesThatNoModelOfItsSizeCanMake) {
  Settings s = small("a dog");
  s.width = 2048;
  EXPECT_NO_THROW((void)pipeline().resolve(s));
  for (auto side : {&Settings::width, &Settings::height}) {
    s = small("a dog");
    s.*side = 2056;
    try {
      (void)pipeline().resolve(s);
      FAIL() << "too large";
    } catch (const Error& error) {
      EXPECT_EQ(error.field(), side == &Settings::width ? "width" : "height");
      EXPECT_THAT(
          error.what(),
          HasSubstr("is too large for scenes, which was trained at 128x128; use sides of up to 2048"));
    }
  }
}

TEST(Pipeline, StopsWithinAnEvaluation) {
  Settings s = small("a dog");
  s.width = s.height = 768;
  std::stop_source stop;
  Observer observer;
  observer.stop = stop.get_token();
  std::chrono::steady_clock::time_point asked;
  std::jthread impatient([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    asked = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  EXPECT_THROW((void)pipeline().generate(s, observer), Error);
  const std::chrono::duration<double> late = std::chrono::steady_clock::now() - asked;
  EXPECT_LT(late.count(), 1);
  EXPECT_EQ(make(small("a dog")).rgb, make(small("a dog")).rgb) << "and goes on as before";
}

TEST(Pipeline, TheSameSettingsGiveTheSamePicture) {
  EXPECT_EQ(make(small("a dog")).rgb, make(small("a dog")).rgb);
}

TEST(Pipeline, AnotherSeedAnotherPromptOrAnotherNegativePromptGivesAnotherPicture) {
  const auto base = make(small("a dog")).rgb;
  Settings seed = small("a dog"), negative = small("a dog");
  seed.seed = 12;
  negative.negative_prompt = "a jungle";
  EXPECT_NE(make(seed).rgb, base);
  EXPECT_NE(make(small("a castle")).rgb, base);
  EXPECT_NE(make(negative).rgb, base);
}

TEST(Pipeline, TheNumberOfThreadsChangesNothing) {
  for (const char* dtype : {"f32", "bf16"}) {
    const auto one =
        Pipeline::load({.model = "", .dtype = dtype, .threads = 1}).generate(small("a cat")).image;
    const auto two =
        Pipeline::load({.model = "", .dtype = dtype, .threads = 2}).generate(small("a cat")).image;
    EXPECT_EQ(one.rgb, two.rgb) << dtype;
  }
}

TEST(Pipeline, EverySamplerMakesAPicture) {
  std::set<std::vector<std::uint8_t>> made;
  for (const auto& [sampler, _] : a1111_samplers()) {
    Settings s = small("a temple");
    s.sampler = sampler;
    made.insert(make(s).rgb);
  }
  EXPECT_EQ(made.size(), a1111_samplers().size()) << "each its own";
}

TEST(Pipeline, EverySchedulerMakesAPicture) {
  std::set<std::vector<std::uint8_t>> made;
  for (const auto& [scheduler, _] : a1111_schedulers()) {
    Settings s = small("a temple");
    s.sampler = "euler";
    s.scheduler = scheduler;
    s.steps = 6;  // With 4, which divide 1000 timesteps, "simple" is "trailing".
    made.insert(make(s).rgb);
  }
  // The embedded model's own spacing is "leading".
  EXPECT_EQ(made.size(), a1111_schedulers().size() - 1) << "each its own";
}

/// What a run of these settings says of its evaluations.
std::int64_t evaluations_of(const Settings& s) {
  std::int64_t evaluations = 0;
  Observer observer;
  observer.on_step = [&](const StepProgress& progress) { evaluations = progress.evaluations; };
  (void)pipeline().share().generate(s, observer);
  return evaluations;
}

// What takes the time is what progress counts.
TEST(Pipeline, ASecondEvaluationInAStepIsCounted) {
  Settings s = small("a temple");
  s.steps = 6;
  s.sampler = "euler";
  EXPECT_EQ(evaluations_of(s), 6);
  for (const char* sampler : {"heun", "dpm2", "dpm2_a", "dpm++2s_a", "dpm++sde"}) {
    s.sampler = sampler;
    EXPECT_EQ(evaluations_of(s), 11) << sampler;
  }
}

TEST(Pipeline, SizesAreOddMultiplesOfEightToo) {
  Settings s = small("a temple");
  s.width = 72;
  s.height = 104;
  const Image image = make(s);
  EXPECT_EQ(image.width, 72);
  EXPECT_EQ(image.height, 104);
}

/// Emphasis at zero still leaves the style's place in the prompt: that zero is not the plain picture.
bool has_an_exact_zero(const std::string& method) {
  return !method.starts_with("weight");
}

TEST(Dial, ZeroIsExactlyThePictureWithoutADial) {
  const auto base = make(small("a temple")).rgb;
  for (const auto& method : dial_methods()) {
    Settings s = small("a temple");
    s.style = "Monet style";
    s.method = method.name;
    s.position = 0;
    EXPECT_EQ(make(s).rgb == base, has_an_exact_zero(method.name)) << method.name;
  }
}

TEST(Dial, EveryMethodMovesThePictureBothWays) {
  // `calibrated` takes away only what the prompt names.
  const auto base = make(small("a temple, Monet style")).rgb;
  for (const auto& method : dial_methods()) {
    for (const double position : {-0.6, 0.6}) {
      Settings s = small("a temple, Monet style");
      s.style = "Monet style";
      s.method = method.name;
      s.position = position;
      EXPECT_NE(make(s).rgb, base) << method.name << " at " << position;
    }
  }
}

TEST(Dial, LerpAtOneIsThePlainStyledPrompt) {
  Settings s = small("a temple");
  s.style = "Monet style";
  s.method = "lerp";
  s.position = 1;
  EXPECT_EQ(make(s).rgb, make(small("a temple, Monet style")).rgb);
}

TEST(Dial, GuideIsThePlainPictureAtZeroAndTheStyledOneAtOne) {
  Settings s = small("a temple");
  s.style = "Monet style";
  s.method = "guide";
  EXPECT_EQ(make(s).rgb, make(small("a temple")).rgb);
  s.position = 1;
  EXPECT_EQ(make(s).rgb, make(small("a temple, Monet style")).rgb);
  s.position = 0.5;
  const auto whole = make(s).rgb;
  s.style_start = 0.5;
  EXPECT_NE(make(s).rgb, whole);
}

TEST(GuidanceInterval, AnEmptyOneIsAScaleOfOne) {
  Settings s = small("a dog"), unguided = small("a dog");
  s.guidance_start = s.guidance_end = 0.5;
  unguided.guidance_scale = 1;
  EXPECT_EQ(make(s).rgb, make(unguided).rgb);
  EXPECT_NE(make(s).rgb, make(small("a dog")).rgb);
}

TEST(Interpolate, EndsAreThePlainPrompts) {
  Settings s = small("a dog");
  s.to_prompt = "a cat";
  s.theta = 0;
  EXPECT_EQ(make(s).rgb, make(small("a dog")).rgb);
  s.theta = 1;
  EXPECT_EQ(make(s).rgb, make(small("a cat")).rgb);
}

TEST(Interpolate, EndsOfTheNoiseAreThePlainSeeds) {
  Settings s = small("a dog"), other = small("a dog");
  s.to_seed = 99;
  s.theta = 1;
  other.seed = 99;
  EXPECT_EQ(make(s).rgb, make(other).rgb);
}

TEST(StartPicture, LittleStrengthStaysNearIt) {
  const TempDir folder;
  const auto path = folder / "start.png";
  const Image start = make(small("a boat"));
  write_png(path, start, "");
  const auto distance = [&](double strength) {
    Settings s = small("a boat");
    s.image = path.string();
    s.strength = strength;
    s.steps = 10;
    const Image image = make(s);
    double sum = 0;
    for (std::size_t i = 0; i < image.rgb.size(); ++i) sum += std::abs(image.rgb[i] - start.rgb[i]);
    return sum;
  };
  EXPECT_LT(distance(0.1), distance(1.0));
}

TEST(Pipeline, ReportsEachEvaluationAndStopsWhenAsked) {
  std::stop_source stop;
  int last = 0;
  Observer observer;
  observer.stop = stop.get_token();
  observer.on_step = [&](const StepProgress& progress) {
    last = progress.step;
    if (progress.step == 2) stop.request_stop();
  };
  try {
    (void)pipeline().generate(small("a dog"), observer);
    FAIL() << "a stop was asked for";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::cancelled);
  }
  EXPECT_EQ(last, 2);
}

TEST(Pipeline, SaysWhichWordsDidNotFit) {
  std::string prompt = "a dog";
  for (int i = 0; i < 200; ++i) prompt += " dog";
  Settings s = small(prompt);
  EXPECT_THAT(pipeline().generate(s).notices, IsEmpty()) << "it takes several windows";
  s.plain_prompt = true;
  EXPECT_THAT(pipeline().generate(s).notices, Not(IsEmpty()));
  s.prompt = "a dog";
  EXPECT_THAT(pipeline().generate(s).notices, IsEmpty());
}

TEST(Pipeline, APictureCanBeMadeAgainFromItsOwnText) {
  Settings s = small("a castle, \"old\"\nat noon");
  s.style = "pixel art";
  s.position = 0.35;
  const Picture picture = pipeline().generate(s);
  EXPECT_EQ(make(parse_parameters(picture.parameters)).rgb, picture.image.rgb);
}

TEST(Pipeline, RefusesWhatItCannotMake) {
  Settings s = small("a dog");
  s.width = 60;
  EXPECT_THROW((void)pipeline().resolve(s), Error);
  s = small("a dog");
  s.sampler = "restart";
  EXPECT_THROW((void)pipeline().resolve(s), Error);
}

TEST(Pipeline, ARefusedModelIsNamed) {
  try {
    (void)Pipeline::load({.model = "/nonexistent/model", .dtype = "", .threads = 0});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    EXPECT_THAT(error.what(), HasSubstr("/nonexistent/model"));
  }
}

}  // namespace
}  // namespace latentdial::detail
