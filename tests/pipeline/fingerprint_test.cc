// Another training of any part is another model, wherever its files lie.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "latentdial/inspect.h"
#include "latentdial/parameters.h"
#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"
#include "pipeline/random_taesd.h"
#include "pipeline/retrained_scenes.h"

namespace latentdial::detail {
namespace {

using latentdial::testing::read_file;
using latentdial::testing::write_file;
using ::testing::HasSubstr;

constexpr std::size_t kLastValues = 64;

TEST(Fingerprint, IsTheSameWhereverTheModelLiesAndBeforeItIsLoaded) {
  const TempDir dir;
  const ModelInfo copy = inspect_model(retrained_scenes(dir.path(), "vae", 0).string());
  EXPECT_EQ(copy.fingerprint, pipeline().info().fingerprint);
  EXPECT_EQ(copy.hash, pipeline().info().hash);
  EXPECT_EQ(copy.fingerprint.size(), 16u);
  EXPECT_EQ(copy.hash, copy.fingerprint.substr(0, 10));
}

TEST(Fingerprint, OfAModelOfSeveralFilesIsKnownBeforeItIsLoaded) {
  const TempDir dir;
  const auto vae = retrained_scenes(dir.path(), "vae", kLastValues) / "vae";
  const auto taesd = write_file(dir / "tiny.safetensors", random_taesd(12)).string();
  const auto word = write_file(
      dir / "toy.safetensors",
      latentdial::testing::safetensors(
          {{"emb_params", latentdial::testing::f32_tensor({1, 192}, std::vector<float>(192, 0.25F))}}));
  const ModelOptions options = {.model = "",
                                .embedding = {word.string()},
                                .vae = vae.string(),
                                .taesd = taesd,
                                .dtype = "f32",
                                .threads = 2};
  const ModelInfo before = inspect_options(options), loaded = Pipeline::load(options).info();
  EXPECT_EQ(before.fingerprint, loaded.fingerprint);
  EXPECT_NE(before.fingerprint, pipeline().info().fingerprint);
  EXPECT_EQ(before.hash, loaded.hash);
  EXPECT_EQ(before.name, loaded.name);
  EXPECT_EQ(before.memory, loaded.memory);
  EXPECT_EQ(before.decoder, "TAESD");
  EXPECT_EQ(before.embeddings.size(), 1u);
}

TEST(Fingerprint, TellsEveryPartFromOneOfAnotherTraining) {
  for (const char* component : {"text_encoder", "unet", "vae"}) {
    const TempDir dir;
    const ModelInfo other = inspect_model(retrained_scenes(dir.path(), component, kLastValues).string());
    EXPECT_NE(other.fingerprint, pipeline().info().fingerprint) << component;
    EXPECT_NE(other.hash, pipeline().info().hash) << component;
  }
}

TEST(Fingerprint, TellsAnotherTokenizer) {
  const TempDir dir;
  const auto model = retrained_scenes(dir.path(), "vae", 0);
  const auto file = model / "tokenizer" / "tokenizer.json";
  auto tokenizer = nlohmann::json::parse(read_file(file));
  auto& merges = tokenizer["model"]["merges"];
  std::swap(merges[0], merges[1]);
  write_file(file, tokenizer.dump());
  EXPECT_NE(inspect_model(model.string()).fingerprint, pipeline().info().fingerprint);
}

TEST(Fingerprint, TheHashOfAPictureTellsTheDecoderToo) {
  const TempDir dir;
  const auto path = write_file(dir / "tiny.safetensors", random_taesd(12)).string();
  const ModelOptions options = {.model = "", .taesd = path, .dtype = "f32", .threads = 2};
  const Pipeline tiny = Pipeline::load(options);
  EXPECT_EQ(tiny.info().fingerprint, pipeline().info().fingerprint) << "dials are turned with it";
  EXPECT_NE(tiny.info().hash, pipeline().info().hash);
  std::string content = read_file(path);
  content.back() = static_cast<char>(content.back() ^ 1);
  write_file(path, content);
  EXPECT_NE(Pipeline::load(options).info().hash, tiny.info().hash);
}

TEST(Fingerprint, TheHashOfAPictureTellsLearntWordsToo) {
  const TempDir dir;
  const auto hash = [&](float value) {
    const std::vector<float> vector(static_cast<std::size_t>(192), value);
    const auto path = write_file(dir / "toy.safetensors",
                                 latentdial::testing::safetensors(
                                     {{"emb_params", latentdial::testing::f32_tensor({1, 192}, vector)}}));
    const auto loaded =
        Pipeline::load({.model = "", .embedding = {path.string()}, .dtype = "f32", .threads = 2});
    EXPECT_EQ(loaded.info().fingerprint, pipeline().info().fingerprint);
    return loaded.info().hash;
  };
  EXPECT_NE(hash(0.25F), hash(0.5F));
  EXPECT_NE(hash(0.25F), pipeline().info().hash);
}

TEST(Fingerprint, StandsInThePicture) {
  Settings s;
  s.prompt = "a dog";
  s.steps = 1;
  s.width = s.height = 64;
  const Picture picture = pipeline().generate(s);
  EXPECT_THAT(picture.parameters, HasSubstr("Model hash: " + pipeline().info().hash + ", Model: scenes, "));
  EXPECT_EQ(read_model_hash(picture.parameters), pipeline().info().hash);
}

}  // namespace
}  // namespace latentdial::detail
