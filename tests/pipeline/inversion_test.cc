// A picture of one's own: inverted, it comes out again, and the dial starts from there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <utility>

#include "latentdial/error.h"
#include "latentdial/parameters.h"
#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"
#include "temp_dir.h"

namespace latentdial::detail {
namespace {

using testing::HasSubstr;

constexpr int kSteps = 6;

const std::filesystem::path& folder() {
  static const TempDir made;
  return made.path();
}

/// The path of a picture that the model made.
std::string picture_of(const std::string& prompt) {
  const auto path = folder() / (prompt + ".png");
  if (!std::filesystem::exists(path)) {
    Settings s;
    s.prompt = prompt;
    s.steps = 10;
    s.width = s.height = 64;
    write_png(path, pipeline().generate(s).image, "");
  }
  return path.string();
}

/// The path of a picture that no model made: sky, ground and a sun.
std::string drawing() {
  const auto path = folder() / "drawing.png";
  Image image{.width = 64, .height = 64, .rgb = {}};
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) {
      const bool sun = std::hypot(x - 45, y - 15)<8, ground = y> 40;
      image.rgb.insert(image.rgb.end(), {static_cast<std::uint8_t>(sun      ? 250
                                                                   : ground ? 90
                                                                            : 120),
                                         static_cast<std::uint8_t>(sun ? 220 : 170),
                                         static_cast<std::uint8_t>(sun || ground ? 70 : 230)});
    }
  }
  write_png(path, image, "");
  return path.string();
}

Settings inverted(const std::string& image, const std::string& prompt) {
  Settings s;
  s.prompt = prompt;
  s.image = image;
  s.invert = true;
  s.strength = 1;
  s.steps = kSteps;
  s.width = s.height = 64;
  return s;
}

Image make(const Settings& settings) {
  return pipeline().generate(settings).image;
}

/// What the autoencoder alone gives back.
Image round_trip(const Settings& settings) {
  Settings s = settings;
  s.strength = 0;
  return make(s);
}

/// dB.
double psnr(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::pow(a.rgb[i] - b.rgb[i], 2);
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.rgb.size()) / std::max(sum, 1e-9));
}

TEST(Inversion, GivesThePictureBackAtAnyGuidanceWithAnySampler) {
  for (const char* sampler : {"pndm", "ddim", "euler", "dpm++2m", "heun", "dpm2", "unipc", "deis", "lms"}) {
    for (const double scale : {1.0, 7.5}) {
      for (const auto& [image, prompt] : {std::pair{picture_of("a castle"), "a castle"}, {drawing(), ""}}) {
        Settings s = inverted(image, prompt);
        s.sampler = sampler;
        s.guidance_scale = scale;
        EXPECT_GT(psnr(make(s), round_trip(s)), 30) << sampler << " " << scale << " \"" << prompt << '"';
      }
    }
  }
}

TEST(Inversion, GivesThePictureBackFromHalfWayToo) {
  Settings s = inverted(drawing(), "a castle");
  s.strength = 0.5;
  EXPECT_GT(psnr(make(s), round_trip(s)), 30);
}

TEST(Inversion, TheDialAtZeroIsThePictureAndMovesFromThere) {
  for (const char* method : {"slerp", "lerp", "guide", "anchored", "calibrated", "sega", "freesliders",
                             "flowslider", "veloedit"}) {
    Settings s = inverted(picture_of("a castle"), "a castle");
    const Image plain = make(s);
    s.style = "sketch";
    s.method = method;
    EXPECT_EQ(make(s).rgb, plain.rgb) << method;
    s.position = 0.7;
    EXPECT_NE(make(s).rgb, plain.rgb) << method;
  }
}

TEST(Inversion, NeedsNoPrompt) {
  Settings s = inverted(drawing(), "");
  s.style = "sketch";
  s.method = "guide";
  s.position = 1;
  EXPECT_LT(psnr(make(s), round_trip(s)), 30);
}

TEST(Inversion, TwoPicturesAreTheEndsOfTheirInterpolation) {
  Settings s = inverted(picture_of("a castle"), "");
  s.to_image = drawing();
  s.theta = 0;
  EXPECT_EQ(make(s).rgb, make(inverted(s.image, "")).rgb);
  s.theta = 1;
  EXPECT_EQ(make(s).rgb, make(inverted(s.to_image, "")).rgb);
  s.theta = 0.5;
  const Image between = make(s);
  EXPECT_NE(between.rgb, make(inverted(s.image, "")).rgb);
  EXPECT_NE(between.rgb, make(inverted(s.to_image, "")).rgb);
}

TEST(Inversion, EachPictureMayHaveItsOwnPrompt) {
  Settings s = inverted(picture_of("a castle"), "a castle");
  s.to_image = picture_of("a boat");
  s.to_prompt = "a boat";
  s.theta = 1;
  EXPECT_EQ(make(s).rgb, make(inverted(s.to_image, "a boat")).rgb);
}

TEST(Inversion, OneServesAllPositionsAndStyles) {
  const auto fresh = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
  const auto steps = [&](const std::vector<Request>& list) {
    int taken = 0;
    Observer observer;
    observer.on_step = [&](const StepProgress& progress) {
      ++taken;
      EXPECT_LE(progress.step, progress.steps);
    };
    fresh.generate(
        list, [](std::size_t, const Picture&) {}, observer);
    return taken;
  };
  Settings s = inverted(picture_of("a castle"), "a castle");
  s.sampler = "ddim";
  std::vector<Request> strip;
  for (const double position : {0.0, 0.5, 1.0}) {
    s.style = "sketch";
    s.method = "guide";
    s.position = position;
    strip.push_back(s);
  }
  EXPECT_EQ(steps(strip), 3 * kSteps) << "up to the noise, down to the corrections, and the strip";
  EXPECT_EQ(steps(strip), kSteps);
  s.style = "Monet style";
  EXPECT_EQ(steps({s}), kSteps);
  s.guidance_scale = 3;
  EXPECT_EQ(steps({s}), 3 * kSteps) << "other corrections";
}

TEST(Inversion, AFileThatChangesIsInvertedAnew) {
  const auto path = folder() / "changing.png";
  std::filesystem::copy_file(picture_of("a castle"), path, std::filesystem::copy_options::overwrite_existing);
  const Image before = make(inverted(path.string(), "a castle"));
  std::filesystem::copy_file(drawing(), path, std::filesystem::copy_options::overwrite_existing);
  const Settings s = inverted(path.string(), "a castle");
  EXPECT_NE(make(s).rgb, before.rgb);
  EXPECT_GT(psnr(make(s), round_trip(s)), 30);
}

TEST(Inversion, InABatchGivesThePicturesThatEachAloneWouldBe) {
  std::vector<Settings> list = {inverted(picture_of("a castle"), "a castle"), inverted(drawing(), "a boat")};
  list[1].style = "sketch";
  list[1].position = 0.5;
  const auto fresh = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
  fresh.generate(requests(list), [&](std::size_t i, const Picture& picture) {
    EXPECT_EQ(picture.image.rgb, make(list[i]).rgb) << i;
    Settings told = parse_parameters(picture.parameters);
    told.image = list[i].image;  // Of which the text has the name alone.
    EXPECT_EQ(make(told).rgb, picture.image.rgb) << i;
  });
}

/// The error of an inversion after `change`; empty when it is taken.
std::string fault(const std::function<void(Settings&)>& change) {
  Settings s = inverted("a.png", "");
  change(s);
  try {
    validate(s);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    return error.what();
  }
  return "";
}

TEST(Inversion, RefusesWhatMakesNoSense) {
  EXPECT_EQ(fault([](Settings&) {}), "");
  EXPECT_THAT(fault([](Settings& s) { s.image = ""; }), HasSubstr("invert: "));
  EXPECT_THAT(fault([](Settings& s) { s.image = "", s.prompt = "a dog"; }), HasSubstr("invert: "));
  EXPECT_EQ(fault([](Settings& s) { s.prompt = ""; }), "");
  for (const char* sampler : {"euler_a", "lcm", "dpm++sde", "tcd"})
    EXPECT_THAT(fault([=](Settings& s) { s.sampler = sampler; }),
                HasSubstr("pndm, ddim, euler, heun, dpm2, dpm++2m, unipc, deis or lms"));
  EXPECT_THAT(fault([](Settings& s) { s.seed = 3; }), HasSubstr("seed: "));
  EXPECT_THAT(fault([](Settings& s) { s.to_seed = 3; }), HasSubstr("to_seed: "));
  EXPECT_THAT(fault([](Settings& s) {
                s.invert = false;
                s.prompt = "a dog";
                s.to_image = "b.png";
              }),
              HasSubstr("to_image: "));
}

}  // namespace
}  // namespace latentdial::detail
