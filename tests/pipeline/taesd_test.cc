// A TAESD in place of the model's own decoder.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "latentdial/parameters.h"
#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"
#include "pipeline/random_taesd.h"

namespace latentdial::detail {
namespace {

using latentdial::testing::refusal;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Taesd : public ::testing::Test {
 protected:
  std::string write(std::int64_t latent_channels) {
    return latentdial::testing::write_file(dir_ / "tiny.safetensors", random_taesd(latent_channels)).string();
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
      AllOf(HasSubstr("taesd"), HasSubstr(path), HasSubstr("4 channels"), HasSubstr("have 12")));
}

}  // namespace
}  // namespace latentdial::detail
