// What an unCLIP model is told of a picture, against diffusers on small random weights
// (tests/golden/models/make.py).

#include "model/picture_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "image/area.h"
#include "latentdial/error.h"
#include "models/golden.h"
#include "ops/cpu_backend.h"

namespace latentdial::detail {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::filesystem::path kFolder = models::golden_folder("unclip");
constexpr int kLevel = 300;  // Of what is expected.

Tensor expected(const std::string& name) {
  return models::expected_in(kFolder, name);
}

Image picture() {
  const Tensor pixels = expected("picture");
  Image image{.width = static_cast<int>(pixels.dim(1)), .height = static_cast<int>(pixels.dim(0)), .rgb = {}};
  for (const float value : std::as_const(pixels).values())
    image.rgb.push_back(static_cast<std::uint8_t>(value));
  return image;
}

class PictureReaderTest : public ::testing::Test {
 protected:
  [[nodiscard]] PictureReader reader(std::int64_t told = 24) const {
    return {*checkpoint_.pictures, {checkpoint_.pictures->image_encoder.weights, ops_.get()}, told};
  }

  std::unique_ptr<ops::Backend> ops_ = ops::make_cpu_backend({.dtype = DType::f32, .threads = 2});
  Checkpoint checkpoint_ = open_checkpoint(kFolder);
};

TEST_F(PictureReaderTest, SeesAndTellsWhatDiffusersDoes) {
  const PictureReader read = reader();
  EXPECT_EQ(read.size(), 16);
  EXPECT_EQ(read.width(), 12);
  EXPECT_EQ(read.most_noise(), 999);
  const Tensor embedding = read.embed(middle_square(picture(), read.size(), Resampling::bicubic));
  EXPECT_LE(models::error_of(embedding, expected("embedding")), 1e-4);
  const Tensor wanted = expected("vectors").slice(0, 1), noise = expected("embedding_noise");
  EXPECT_LE(models::error_of(read.told(embedding, noise, kLevel), wanted), 1e-4);
  EXPECT_GT(models::error_of(read.told(embedding, noise, kLevel + 1), wanted), 1e-3) << "another level";
  for (const Component* part :
       {&checkpoint_.pictures->image_encoder, &checkpoint_.pictures->image_normalizer})
    EXPECT_THAT(part->weights.unused(), IsEmpty());
}

TEST_F(PictureReaderTest, WhatIsSeenIsNormalisedUnderItsNoise) {
  for (const char* name : {"mean", "std"}) {
    const Checkpoint other = open_checkpoint(kFolder);
    const float plain = name == std::string("std") ? 1.0F : 0.0F;
    other.pictures->image_normalizer.weights.add(
        name, [plain](Tensor& weight) { std::ranges::fill(weight.values(), plain); });
    const PictureReader read{*other.pictures, {other.pictures->image_encoder.weights, ops_.get()}, 24};
    EXPECT_GT(models::error_of(read.told(expected("embedding"), expected("embedding_noise"), kLevel),
                               expected("vectors").slice(0, 1)),
              1e-2)
        << name;
  }
}

TEST_F(PictureReaderTest, NothingIsZerosAndAlwaysTheSame) {
  const PictureReader read = reader();
  EXPECT_EQ(models::error_of(read.nothing(), expected("vectors").slice(0, 1)), 1);
  EXPECT_EQ(read.nothing().raw(), read.nothing().raw());
  EXPECT_EQ(read.nothing().shape(), (Shape{1, 24}));
}

TEST_F(PictureReaderTest, AUNetOfAnotherImageEncoderIsRefused) {
  try {
    (void)reader(1536);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    EXPECT_THAT(error.what(), HasSubstr("sees 12 numbers in a picture, but the U-Net takes 1536"));
  }
}

}  // namespace
}  // namespace latentdial::detail
