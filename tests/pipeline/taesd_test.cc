// A TAESD in place of the model's own decoder.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <string>

#include "latentdial/parameters.h"
#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"
#include "weights/test_files.h"

namespace latentdial {
namespace {

using latentdial::testing::f32_tensor;
using latentdial::testing::RawTensor;
using latentdial::testing::refusal;
using latentdial::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t kChannels = 8;

/// A random decoder in the original's keys, for latents of so many channels.
std::map<std::string, RawTensor> random_taesd(std::int64_t latent_channels) {
  std::mt19937 generator(5);
  std::map<std::string, RawTensor> tensors;
  const auto add = [&](const std::string& key, Shape shape) {
    const auto inputs = static_cast<float>(element_count(shape) / shape[0]);
    std::normal_distribution<float> normal(0, 1 / std::sqrt(inputs));
    std::vector<float> values(static_cast<std::size_t>(element_count(shape)));
    for (float& value : values) value = normal(generator);
    tensors[key] = f32_tensor(std::move(shape), values);
  };
  const auto add_convolution = [&](const std::string& key, std::int64_t in, std::int64_t out, bool bias) {
    add(key + ".weight", {out, in, 3, 3});
    if (bias) add(key + ".bias", {out});
  };
  add_convolution("1", latent_channels, kChannels, true);
  for (const int block : {3, 4, 5, 8, 9, 10, 13, 14, 15, 18}) {
    for (const int layer : {0, 2, 4})
      add_convolution(fmt::format("{}.conv.{}", block, layer), kChannels, kChannels, true);
  }
  for (const int between : {7, 12, 17}) add_convolution(std::to_string(between), kChannels, kChannels, false);
  add_convolution("19", kChannels, 3, true);
  return tensors;
}

class Taesd : public ::testing::Test {
 protected:
  std::string write(std::int64_t latent_channels) {
    const auto bytes = latentdial::testing::safetensors(random_taesd(latent_channels));
    return latentdial::testing::write_file(dir_ / "tiny.safetensors", bytes).string();
  }
  TempDir dir_;
};

Settings small() {
  Settings s;
  s.prompt = "a dog";
  s.steps = 4;
  s.width = 64;
  s.height = 72;
  return s;
}

TEST_F(Taesd, DecodesThePictureAndIsNamedBesideIt) {
  const auto tiny = Pipeline::load({.model = "", .taesd = write(12), .dtype = "f32", .threads = 2});
  EXPECT_EQ(tiny.info().decoder, "TAESD");
  EXPECT_THAT(tiny.info().unused_tensors, IsEmpty()) << "the own decoder is left out knowingly";
  const Picture picture = tiny.generate(small()), own = pipeline().generate(small());
  EXPECT_EQ(picture.image.width, 64);
  EXPECT_EQ(picture.image.height, 72);
  EXPECT_NE(picture.image.rgb, own.image.rgb);
  EXPECT_THAT(picture.parameters, HasSubstr("VAE Decoder: TAESD"));
  EXPECT_THAT(own.parameters, Not(HasSubstr("VAE Decoder")));
  EXPECT_EQ(parse_parameters(picture.parameters), parse_parameters(own.parameters));
}

TEST_F(Taesd, StartPicturesAreEncodedByTheModelsOwn) {
  const auto tiny = Pipeline::load({.model = "", .taesd = write(12), .dtype = "f32", .threads = 2});
  write_png((dir_ / "start.png").string(), pipeline().generate(small()).image, "");
  Settings s = small();
  s.image = (dir_ / "start.png").string();
  EXPECT_EQ(tiny.generate(s).image.rgb.size(), 3u * 64 * 72);
}

TEST_F(Taesd, ForOtherLatentsIsRefused) {
  const std::string path = write(4);
  EXPECT_THAT(
      refusal([&] { (void)Pipeline::load({.model = "", .taesd = path, .dtype = "f32", .threads = 2}); }),
      AllOf(HasSubstr("--taesd"), HasSubstr(path), HasSubstr("4 channels"), HasSubstr("have 12")));
}

}  // namespace
}  // namespace latentdial
