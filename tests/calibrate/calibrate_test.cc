// The fit of a dial on the embedded model, at a small size and few steps.

#include "latentdial/calibrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "latentdial/error.h"
#include "temp_dir.h"

namespace latentdial::detail {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

const Pipeline& pipeline() {
  static const Pipeline loaded = Pipeline::load({.model = "", .dtype = "", .threads = 2});
  return loaded;
}

CalibrationOptions options(const std::string& style) {
  CalibrationOptions result;
  result.settings.style = style;
  result.settings.steps = 8;
  result.settings.sampler = "dpm++2m";
  result.settings.guidance_scale = 5;
  result.prompts = {"a house in the meadow", "a boat by the lake"};
  result.seeds = {1};
  return result;
}

TEST(Calibrate, TheDialItFitsShowsWhatItSays) {
  auto o = options("sketch");
  o.seeds = {1, 2, 3};
  const Calibration found = calibrate(pipeline(), o);
  EXPECT_GE(found.used, 5) << "a plain picture may show some of it by itself";
  EXPECT_GE(found.dial.high(), 0.8);
  EXPECT_EQ(found.dial.fingerprint, pipeline().info().fingerprint);
  ASSERT_GE(found.response.size(), 4);
  EXPECT_FALSE(found.response[2].content) << "up to the words' own strength the scene is not asked for";

  const TempDir folder;
  const auto path = folder / "sketch.dial.json";
  write_dial(path, found.dial);
  // A prompt and a seed that the fit has not seen.
  const auto read = [&](const std::string& prompt, const std::string& style, double position) {
    Settings s = options("sketch").settings;
    s.style = style;
    s.prompt = prompt;
    s.seed = 77;
    s.position = position;
    if (!style.empty()) s.dial = path;
    const Image image = pipeline().generate(s).image;
    return pipeline()
        .measure({image}, {.style = "sketch", .prompt = "a castle in the desert"})
        .front()
        .strength;
  };
  const double none = read("a castle in the desert", "", 0),
               full = read("a castle in the desert, sketch", "", 0);
  const double half = (read("a castle in the desert", "sketch", 0.5) - none) / (full - none);
  EXPECT_NEAR(half, 0.5, 0.2);
  const double taken = (full - read("a castle in the desert, sketch", "sketch", -0.5)) / (full - none);
  EXPECT_NEAR(taken, 0.5, 0.2);
}

TEST(Calibrate, ByDefaultMakesFortyPicturesAtMost) {
  CalibrationOptions o = options("sketch");
  const CalibrationOptions given;
  o.prompts = given.prompts;
  o.seeds = given.seeds;
  EXPECT_LE(most_pictures(o), 40);
  int made = 0;
  o.on_picture = [&](int pictures) { made = pictures; };
  EXPECT_EQ(calibrate(pipeline(), o).pictures, made);
  EXPECT_LE(made, most_pictures(o));
}

TEST(Calibrate, AStyleThatChangesNothingIsRefused) {
  auto o = options("in the");
  o.seeds = {1, 2, 3, 4};
  try {
    (void)calibrate(pipeline(), o);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    EXPECT_THAT(error.what(), HasSubstr("\"in the\" shows on"));
  }
}

TEST(Calibrate, ReportsProgressAndStops) {
  auto o = options("sketch");
  std::stop_source source;
  o.stop = source.get_token();
  int last = 0;
  o.on_picture = [&](int made) {
    last = made;
    source.request_stop();
  };
  EXPECT_THROW((void)calibrate(pipeline(), o), Error);
  EXPECT_GT(last, 0);
}

}  // namespace
}  // namespace latentdial::detail
