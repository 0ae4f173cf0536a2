// LoRAs that prompts add, on the embedded model.
#include <gmock/gmock.h>

#include "latentdial/parameters.h"
#include "latentdial/pipeline.h"
#include "latentdial/stages.h"
#include "pipeline/small_lora.h"
#include "weights/test_files.h"

namespace latentdial {
namespace {

using testing::f32_tensor;
using ::testing::HasSubstr;
using testing::lora;
using testing::lora_bytes;

/// With a learnt word beside its layers.
std::string lora_with_word(float value) {
  auto tensors = lora(value);
  tensors.emplace("bundle_emb.monet.string_to_param.*",
                  f32_tensor({2, 192}, std::vector<float>(std::size_t{2} * 192, value)));
  return testing::safetensors(tensors);
}

class PromptLora : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = new TempDir;
    testing::write_file(*folder / "ink.safetensors", lora_with_word(0.05F));
    testing::write_file(*folder / "more" / "wash.safetensors", lora_bytes(-0.08F));
    pipeline = new Pipeline(
        Pipeline::load({.model = "", .lora_dir = (*folder / "").string(), .dtype = "f32", .threads = 2}));
  }
  static void TearDownTestSuite() {
    delete pipeline;
    delete folder;
  }
  static Settings with(const std::string& prompt) {
    Settings s;
    s.prompt = prompt;
    s.steps = 3;
    s.width = s.height = 64;
    s.seed = 4;
    return s;
  }
  static std::vector<std::uint8_t> picture(const Settings& settings) {
    return pipeline->generate(settings).image.rgb;
  }
  static std::vector<std::uint8_t> merged(const std::string& prompt, std::vector<std::string> loras) {
    return Pipeline::load({.model = "", .lora = std::move(loras), .dtype = "f32", .threads = 2})
        .generate(with(prompt))
        .image.rgb;
  }
  static std::string ink() { return (*folder / "ink.safetensors").string(); }
  static std::string wash() { return (*folder / "more" / "wash.safetensors").string(); }

  using TempDir = testing::TempDir;
  static inline TempDir* folder;
  static inline Pipeline* pipeline;
};

TEST_F(PromptLora, GivesThePictureOfOneMergedAtLoad) {
  const auto plain = picture(with("a dog"));
  const auto half = picture(with("a dog<lora:ink:0.5>"));
  EXPECT_NE(half, plain);
  EXPECT_EQ(half, merged("a dog", {ink() + ":0.5"}));
  EXPECT_EQ(picture(with("a dog<lora:ink:0.5><lora:wash:-0.3>")),
            merged("a dog", {ink() + ":0.5", wash() + ":-0.3"}));
  EXPECT_EQ(picture(with("a dog, monet<lora:ink>")), merged("a dog, monet", {ink()}))
      << "with its learnt word";
  EXPECT_EQ(picture(with("a dog")), plain) << "without a trace";
}

TEST_F(PromptLora, MayBeNamedBesideThePrompt) {
  Settings beside = with("a dog");
  beside.loras = "ink:0.5, wash:-0.3";
  EXPECT_EQ(picture(beside), picture(with("a dog<lora:ink:0.5><lora:wash:-0.3>")));
  beside.prompt = "a dog<lora:ink:0.5>";
  beside.loras = "wash:-0.3";
  EXPECT_EQ(picture(beside), picture(with("a dog<lora:ink:0.5><lora:wash:-0.3>")));
  beside.plain_prompt = true;
  beside.prompt = "a dog";
  EXPECT_EQ(picture(beside), picture(with("a dog<lora:wash:-0.3>"))) << "where tags are words";
  const Picture made = pipeline->generate(beside);
  EXPECT_EQ(parse_parameters(made.parameters).loras, "wash:-0.3");
  for (const auto& [wrong, line] :
       {std::pair{"oil", "loras: there is no oil; the folder of LoRAs has ink, wash"},
        {"ink,", "loras: '' names no LoRA; write NAME:0.8"},
        {"ink:x", "loras: 'ink:x': 'x' is not one scale from -100 to 100, as in NAME:0.8"}}) {
    beside.loras = wrong;
    EXPECT_EQ(testing::refusal([&] { (void)pipeline->resolve(beside); }), line);
  }
}

TEST_F(PromptLora, IsNotReadAsWords) {
  EXPECT_EQ(picture(with("a dog <lora:ink:0>")), picture(with("a dog ")));
}

TEST_F(PromptLora, IsEachPicturesOwnInAList) {
  const std::vector<Request> list = {with("a dog"), with("a dog<lora:ink:1>"), with("a cat<lora:ink:1>"),
                                     with("a dog<lora:ink:0.3>"), with("a dog")};
  std::vector<std::vector<std::uint8_t>> made(list.size());
  StepProgress last;
  Observer observer;
  observer.on_step = [&](const StepProgress& now) { last = now; };
  pipeline->generate(
      list, [&](std::size_t i, Picture picture) { made[i] = std::move(picture.image.rgb); }, observer);
  for (std::size_t i = 0; i < list.size(); ++i) EXPECT_EQ(made[i], picture(list[i].settings)) << i;
  EXPECT_EQ(last.evaluations, last.all_evaluations);
}

TEST_F(PromptLora, IsKeptInThePicturesText) {
  const Picture made = pipeline->generate(with("a dog <lora:ink:0.5>"));
  EXPECT_EQ(made.settings.prompt, "a dog <lora:ink:0.5>");
  EXPECT_THAT(made.parameters, HasSubstr("a dog <lora:ink:0.5>\n"));
  EXPECT_THAT(made.parameters, HasSubstr("Model hash: " + pipeline->info().hash));
}

TEST_F(PromptLora, AFileThatChangesIsReadAgain) {
  const auto path = *folder / "new.safetensors";
  testing::write_file(path, lora_bytes(0.05F));
  EXPECT_EQ(picture(with("a dog<lora:new>")), picture(with("a dog<lora:ink>")));
  testing::write_file(path, lora_bytes(0.2F));
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::seconds(2));
  EXPECT_NE(picture(with("a dog<lora:new>")), picture(with("a dog<lora:ink>")));
  std::filesystem::remove(path);
}

TEST_F(PromptLora, AnotherCallerMayUseAnother) {
  const Pipeline other = pipeline->share();
  const auto expected = picture(with("a dog<lora:wash>"));
  EXPECT_EQ(picture(with("a dog<lora:ink>")), other.generate(with("a dog<lora:ink>")).image.rgb);
  EXPECT_EQ(other.generate(with("a dog<lora:wash>")).image.rgb, expected);
}

TEST_F(PromptLora, IsNoTextForAStage) {
  EXPECT_THAT(testing::refusal([&] { (void)Stages(*pipeline).encode_prompt("a dog<lora:ink>"); }),
              HasSubstr("text: <lora:"));
}

TEST_F(PromptLora, OneThatIsNotThereIsRefusedByWhatIs) {
  const auto refusal = [&](const std::string& prompt) {
    return testing::refusal([&] { (void)pipeline->resolve(with(prompt)); });
  };
  EXPECT_EQ(refusal("a dog <lora:oil>"), "prompt: there is no <lora:oil>; the folder of LoRAs has ink, wash");
  EXPECT_THAT(refusal("<lora:../ink>"), HasSubstr("there is no <lora:../ink>"));
  testing::write_file(*folder / "bad.safetensors", "no LoRA");
  EXPECT_THAT(refusal("<lora:bad>"), ::testing::StartsWith("prompt: bad.safetensors: "))
      << "without its path";
  std::filesystem::remove(*folder / "bad.safetensors");
  const Pipeline without = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
  EXPECT_THAT(testing::refusal([&] { (void)without.resolve(with("<lora:ink>")); }),
              HasSubstr("none was given by lora_dir"));
  EXPECT_NO_THROW((void)without.resolve([] {
    Settings plain = with("<lora:ink>");
    plain.plain_prompt = true;
    return plain;
  }()));
}

}  // namespace
}  // namespace latentdial
