// What settings name is opened once, and a picture is known by its pixels, wherever they come from.

#include <gtest/gtest.h>

#include <filesystem>

#include "embedded_pipeline.h"
#include "latentdial/dial.h"
#include "pipeline/state.h"
#include "temp_dir.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

Settings small(const std::string& prompt) {
  Settings s;
  s.prompt = prompt;
  s.steps = 2;
  s.width = s.height = 64;
  return s;
}

Image photo() {
  Image image{.width = 64, .height = 64, .rgb = std::vector<std::uint8_t>(3 * 64 * 64)};
  for (std::size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<std::uint8_t>(i * 7);
  return image;
}

class OpenedOnce : public testing::Test {
 protected:
  [[nodiscard]] int reads() const { return PipelineAccess::state(fresh_).files.reads(); }
  [[nodiscard]] int inversions() const { return PipelineAccess::state(fresh_).session.inversions; }

  TempDir folder_;
  Pipeline fresh_ = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
};

TEST_F(OpenedOnce, AStripOfElevenPositionsReadsItsDialFileOnce) {
  Dial dial = {.style = "sketch", .fingerprint = fresh_.info().fingerprint};
  write_dial(folder_ / "sketch.dial.json", dial);
  std::vector<Request> strip;
  for (int i = 0; i <= 10; ++i) {
    Settings s = small("a dog");
    s.style = "sketch";
    s.dial = folder_ / "sketch.dial.json";
    s.position = i / 10.0;
    strip.emplace_back(s);
  }
  EXPECT_EQ(make(fresh_, strip).first.size(), 11u);
  EXPECT_EQ(reads(), 1);
}

TEST_F(OpenedOnce, AStripOfTheModelsOwnDialToo) {
  std::vector<Request> strip;
  for (int i = 0; i <= 10; ++i) {
    Settings s = small("a dog");
    s.style = "sketch";
    s.position = i / 10.0;
    strip.emplace_back(s);
  }
  (void)make(fresh_, strip);
  EXPECT_EQ(reads(), 1);
}

TEST_F(OpenedOnce, ADialFileThatChangesIsReadAnew) {
  Dial dial = {.style = "sketch", .fingerprint = fresh_.info().fingerprint};
  write_dial(folder_ / "sketch.dial.json", dial);
  Settings s = small("a dog");
  s.style = "sketch";
  s.dial = folder_ / "sketch.dial.json";
  (void)fresh_.resolve(s);
  dial.reason = "another";
  write_dial(folder_ / "sketch.dial.json", dial);
  (void)fresh_.resolve(s);
  EXPECT_EQ(reads(), 2);
}

TEST_F(OpenedOnce, ThePhotoFromTwoPathsAndFromMemoryIsInvertedOnce) {
  write_png(folder_ / "a.png", photo(), "");
  write_png(folder_ / "b.png", photo(), "");
  Settings s = small("a house");
  s.invert = true;
  s.image = folder_ / "a.png";
  const Image first = fresh_.generate(s).image;
  EXPECT_EQ(inversions(), 1);
  s.image = folder_ / "b.png";
  EXPECT_EQ(fresh_.generate(s).image.rgb, first.rgb);
  EXPECT_EQ(inversions(), 1);
  s.image = "";
  EXPECT_EQ(fresh_.generate(Request(s, {.start = InputImage(photo())})).image.rgb, first.rgb);
  EXPECT_EQ(inversions(), 1);
}

TEST_F(OpenedOnce, AnotherPhotoUnderTheSameNameIsInvertedAnew) {
  write_png(folder_ / "a.png", photo(), "");
  Settings s = small("a house");
  s.invert = true;
  s.image = folder_ / "a.png";
  (void)fresh_.generate(s);
  Image other = photo();
  other.rgb[5] ^= 1;
  write_png(folder_ / "a.png", other, "");
  (void)fresh_.generate(s);
  EXPECT_EQ(inversions(), 2);
}

}  // namespace
}  // namespace latentdial::detail
