// CLIP's two encoders against transformers' on small random weights (tests/golden/models/make.py).

#include "latentdial/clip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "image/area.h"
#include "latentdial/error.h"
#include "model/clip_pixels.h"
#include "models/golden.h"
#include "temp_dir.h"

namespace latentdial {
namespace {

using detail::models::error_of;
using ::testing::HasSubstr;

const std::filesystem::path kFolder = detail::models::golden_folder("clip");

detail::Tensor expected(const std::string& name) {
  return detail::models::expected_in(kFolder, name);
}

Image picture() {
  const detail::Tensor pixels = expected("picture");
  Image image{.width = static_cast<int>(pixels.dim(1)), .height = static_cast<int>(pixels.dim(0)), .rgb = {}};
  for (const float value : std::as_const(pixels).values())
    image.rgb.push_back(static_cast<std::uint8_t>(value));
  return image;
}

double error_of_embedding(const Embedding& ours, const std::string& name) {
  return error_of(detail::Tensor::of({1, static_cast<std::int64_t>(ours.size())}, ours), expected(name));
}

TEST(Clip, SeesOfAPictureWhatTransformersSees) {
  const Image square = detail::middle_square(picture(), 16, detail::Resampling::bicubic);
  EXPECT_LE(error_of(detail::clip_pixels(square), expected("pixels")), 1e-6);
}

TEST(Clip, EmbedsAsTransformersDoes) {
  const Clip clip = Clip::load({.folder = kFolder.string(), .dtype = "f32", .threads = 2});
  EXPECT_EQ(clip.width(), 12);
  EXPECT_EQ(clip.image_size(), 16);
  EXPECT_LE(error_of_embedding(clip.embed(picture()), "image"), 1e-4);
  EXPECT_LE(error_of_embedding(clip.embed("a dog"), "text"), 1e-4);
  EXPECT_GE(error_of_embedding(clip.embed("a cat"), "text"), 1e-2) << "other words are elsewhere";
}

TEST(Clip, ComparesAPictureWithWordsWithAndWithoutTheStyle) {
  const Clip clip = Clip::load({.folder = kFolder.string(), .dtype = "f32", .threads = 2});
  const auto readings = clip.compare({picture(), picture()}, {.style = "sketch", .prompt = "a dog, sketch"});
  ASSERT_EQ(readings.size(), 2u);
  const ClipReading& reading = readings.back();
  EXPECT_EQ(reading.left_out, "");
  const Embedding image = clip.embed(picture());
  EXPECT_EQ(reading.plain, similarity(image, clip.embed("a dog")));
  EXPECT_EQ(reading.styled, similarity(image, clip.embed("a dog, sketch")));
  EXPECT_NE(reading.plain, reading.styled);
}

TEST(Clip, SaysWhatOfATextDoesNotFit) {
  const Clip clip = Clip::load({.folder = kFolder.string(), .dtype = "f32", .threads = 2});
  std::string words = "a dog";
  for (int i = 0; i < 100; ++i) words += " dog";
  EXPECT_EQ(clip.left_out("a dog"), "");
  EXPECT_THAT(clip.left_out(words), ::testing::EndsWith("dog dog"));
  EXPECT_EQ(clip.embed(words), clip.embed(words + " cat"));
  const auto reading = clip.compare({picture()}, {.style = "a Sketch", .prompt = words}).front();
  EXPECT_THAT(reading.left_out, ::testing::EndsWith("sketch"));
}

TEST(Clip, SimilarityIsACosine) {
  EXPECT_DOUBLE_EQ(similarity({3, 0}, {2, 0}), 1);
  EXPECT_DOUBLE_EQ(similarity({3, 0}, {0, 1}), 0);
  EXPECT_DOUBLE_EQ(similarity({1, 1}, {-1, -1}), -1);
  EXPECT_THROW((void)similarity({1}, {1, 2}), Error);
}

std::string refusal(const std::filesystem::path& folder, const std::string& dtype = "f32") {
  try {
    (void)Clip::load({.folder = folder.string(), .dtype = dtype});
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    return error.what();
  }
  return "nothing was refused";
}

TEST(Clip, SaysWhatIsWrongWithAFolder) {
  const detail::TempDir empty;
  EXPECT_THAT(refusal(empty.path()), HasSubstr("config.json"));
  std::ofstream(empty.path() / "config.json") << R"({"model_type": "siglip"})";
  EXPECT_THAT(refusal(empty.path()), HasSubstr("is 'siglip'; a folder of a CLIPModel"));
  EXPECT_THAT(refusal(kFolder, "int8"), HasSubstr("f32 or bf16"));
}

TEST(Clip, AConfigThatItsWeightsDoNotFitIsRefused) {
  const detail::TempDir folder;
  std::filesystem::copy(kFolder, folder.path(), std::filesystem::copy_options::recursive);
  const auto with = [&](const std::string& vision) {
    std::ofstream(folder.path() / "config.json")
        << R"({"model_type": "clip", "projection_dim": 12, "vision_config": {)" << vision << "}}";
    return refusal(folder.path());
  };
  EXPECT_THAT(with(R"("hidden_size": 24, "patch_size": 4, "image_size": 20)"),
              HasSubstr("position_embedding"));
  EXPECT_THAT(with(R"("patch_size": 40, "image_size": 20)"), HasSubstr("patch_size"));
  EXPECT_THAT(with(R"("image_size": 100000)"), HasSubstr("image_size"));
  EXPECT_THAT(with(R"("hidden_act": "tanh")"), HasSubstr("hidden_act"));
}

TEST(Clip, ATensorThatHasNoPlaceInItIsNamed) {
  const detail::TempDir folder;
  std::filesystem::copy(kFolder, folder.path(), std::filesystem::copy_options::recursive);
  auto config = nlohmann::json::parse(std::ifstream(kFolder / "config.json"));
  config["vision_config"]["num_hidden_layers"] = config["vision_config"]["num_hidden_layers"].get<int>() - 1;
  std::ofstream(folder.path() / "config.json") << config;
  EXPECT_THAT(refusal(folder.path()), HasSubstr("a CLIPModel has no tensor 'vision_model.encoder.layers."));
}

}  // namespace
}  // namespace latentdial
