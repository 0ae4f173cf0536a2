#include "weights/diffusers_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weights/test_files.h"

namespace latentdial::detail {
namespace {

using ::testing::ElementsAre;
using testing::f32_tensor;
using testing::golden;
using ::testing::HasSubstr;
using testing::RawTensor;
using testing::read_file;
using testing::refusal;
using testing::safetensors;
using testing::TempDir;
using testing::write_file;

constexpr const char* kIndex =
    R"({"_class_name": "StableDiffusionPipeline", "feature_extractor": [null, null],
  "scheduler": ["diffusers", "PNDMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
  "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
  "vae": ["diffusers", "AutoencoderKL"]})";

std::string one(const std::string& name, float value) {
  return safetensors({{name, f32_tensor({1}, {value})}});
}

// The smallest folder that has every part. What the parts must hold is the models' business.
class DiffusersFolder : public ::testing::Test {
 protected:
  DiffusersFolder() {
    write("model_index.json", kIndex);
    write("scheduler/scheduler_config.json", R"({"_class_name": "PNDMScheduler"})");
    write("text_encoder/config.json", R"({"hidden_size": 8})");
    write("text_encoder/model.safetensors", one("text_model.final_layer_norm.bias", 1));
    write("unet/config.json", R"({"cross_attention_dim": 8, "out_channels": 4})");
    write("unet/diffusion_pytorch_model.safetensors", one("conv_in.bias", 2));
    write("vae/config.json", R"({"latent_channels": 4})");
    write("vae/diffusion_pytorch_model.safetensors", one("quant_conv.bias", 3));
  }
  void write(const std::string& name, const std::string& text) { write_file(dir_ / name, text); }
  void remove(const std::string& name) { std::filesystem::remove(dir_ / name); }
  [[nodiscard]] Checkpoint open() const { return open_checkpoint(dir_.path()); }
  [[nodiscard]] std::string refused() const {
    return refusal([&] { (void)open(); });
  }

  TempDir dir_;
};

std::string index_with(const std::string& defaults) {
  std::string index = kIndex;
  return index.insert(1, "\"_latentdial\": " + defaults + ", ");
}

TEST_F(DiffusersFolder, AnUpscalingModelSaysHowItsSmallPictureIsNoised) {
  EXPECT_TRUE(open().low_res_scheduler_config.is_null());
  const auto index_of = [](const std::string& more) {
    std::string index = kIndex;
    return index.insert(1, R"("low_res_scheduler": ["diffusers", "DDPMScheduler"], )" + more);
  };
  write("model_index.json", index_of(""));
  EXPECT_THAT(refused(), HasSubstr("low_res_scheduler"));
  write("low_res_scheduler/scheduler_config.json", R"({"beta_end": 0.02})");
  Checkpoint checkpoint = open();
  EXPECT_EQ(checkpoint.low_res_scheduler_config.at("beta_end"), 0.02);
  EXPECT_EQ(checkpoint.max_noise_level, 350);
  EXPECT_EQ(checkpoint.vae.config.at("scaling_factor"), 0.08333) << "early ones do not say it";
  write("vae/config.json", R"({"scaling_factor": 0.5})");
  write("model_index.json", index_of(R"("max_noise_level": 200, )"));
  checkpoint = open();
  EXPECT_EQ(checkpoint.max_noise_level, 200);
  EXPECT_EQ(checkpoint.vae.config.at("scaling_factor"), 0.5);
  for (const char* most : {"-1", "1000", "2.5", "\"many\"", "null"}) {
    write("model_index.json", index_of(R"("max_noise_level": )" + std::string(most) + ", "));
    EXPECT_THAT(refused(), HasSubstr("max_noise_level")) << most;
  }
}

TEST_F(DiffusersFolder, AnUnclipModelHasWhatItSeesPicturesBy) {
  const auto index_of = [](const std::string& more) {
    std::string index = kIndex;
    return index.insert(
        1, R"("image_normalizer": ["stable_diffusion", "StableUnCLIPImageNormalizer"], )" + more);
  };
  EXPECT_FALSE(open().pictures.has_value());
  write("model_index.json", index_of(""));
  EXPECT_THAT(refused(), HasSubstr("image_encoder/config.json"));
  write("image_encoder/config.json", R"({"projection_dim": 12})");
  write("image_encoder/model.safetensors", one("visual_projection.weight", 4));
  write("image_normalizer/config.json", R"({"embedding_dim": 12})");
  write("image_normalizer/diffusion_pytorch_model.safetensors", one("mean", 5));
  EXPECT_THAT(refused(), HasSubstr("image_noising_scheduler/scheduler_config.json"));
  write("image_noising_scheduler/scheduler_config.json", R"({"beta_schedule": "squaredcos_cap_v2"})");
  EXPECT_THAT(refused(), HasSubstr("but the U-Net is not told what a picture shows (class_embed_type)"));
  write("unet/config.json",
        R"({"cross_attention_dim": 8, "out_channels": 4, "class_embed_type": "projection"})");
  const Checkpoint checkpoint = open();
  ASSERT_TRUE(checkpoint.pictures.has_value());
  EXPECT_EQ(checkpoint.components().size(), 5u);
  EXPECT_EQ(checkpoint.pictures->image_noising_scheduler_config.at("beta_schedule"), "squaredcos_cap_v2");
  EXPECT_THAT(checkpoint.pictures->image_normalizer.weights.load("mean", {1}).values(), ElementsAre(5));
  write("model_index.json", kIndex);
  EXPECT_THAT(refused(), HasSubstr("there is no image_normalizer/ beside it"));
  write("model_index.json", index_of(R"("prior": ["diffusers", "PriorTransformer"], )"));
  EXPECT_THAT(refused(), HasSubstr("is Stable unCLIP that draws from words, by a prior"));
}

TEST_F(DiffusersFolder, PicturesArePreparedForAnImageEncoderAsForClips) {
  std::string index = kIndex;
  index.insert(1, R"("image_normalizer": ["stable_diffusion", "StableUnCLIPImageNormalizer"], )");
  write("model_index.json", index);
  constexpr const char* kPath = "feature_extractor/preprocessor_config.json";
  write(kPath, R"({"image_mean": [0.48145466, 0.4578275, 0.40821073], "resample": 3})");
  EXPECT_THAT(refused(), HasSubstr("image_encoder/config.json")) << "which is looked for after it";
  for (const char* other : {R"({"image_mean": [0.5, 0.5, 0.5]})", R"({"image_std": [0.26862954]})",
                            R"({"image_std": "CLIP's"})", R"({"resample": 2})"}) {
    write(kPath, other);
    EXPECT_THAT(refused(), HasSubstr("preprocessor_config.json: pictures would be prepared otherwise"))
        << other;
  }
}

TEST_F(DiffusersFolder, SaysHowItsPicturesAreMade) {
  EXPECT_TRUE(open().defaults.empty());
  write("model_index.json", index_with(R"({"guidance_scale": 3.5, "example": {"prompt": "a dog"}})"));
  EXPECT_EQ(open().defaults.at("guidance_scale"), 3.5);
  EXPECT_EQ(open().defaults.at("example").at("prompt"), "a dog");
}

TEST_F(DiffusersFolder, RefusesDefaultsThatAreNone) {
  for (const auto* defaults :
       {"3", "[]", R"({"guidance_scale": "3"})", R"({"guidance_scale": -1})", R"({"guidance_scale": 101})",
        R"({"guidance_scale": null})", R"({"example": "a dog"})"}) {
    write("model_index.json", index_with(defaults));
    EXPECT_THAT(refused(), HasSubstr("model_index.json: \"_latentdial\" is not as in")) << defaults;
  }
}

TEST_F(DiffusersFolder, GivesItsParts) {
  const auto checkpoint = open();
  EXPECT_EQ(checkpoint.format, "diffusers folder");
  EXPECT_EQ(checkpoint.path, dir_.path());
  EXPECT_EQ(checkpoint.unet.config.at("cross_attention_dim"), 8);
  EXPECT_EQ(checkpoint.scheduler_config.at("_class_name"), "PNDMScheduler");
  EXPECT_THAT((checkpoint.text_encoder.weights / "text_model.final_layer_norm").load("bias", {1}).values(),
              ElementsAre(1));
  EXPECT_THAT(checkpoint.unet.weights.load("conv_in.bias", {1}).values(), ElementsAre(2));
  EXPECT_THAT(checkpoint.vae.weights.load("quant_conv.bias", {1}).values(), ElementsAre(3));
  EXPECT_TRUE(checkpoint.tokenizer_dir.empty());
}

TEST_F(DiffusersFolder, GivesItsTokenizerWhenThereIsAVocabulary) {
  write("tokenizer/vocab.json", "{}");
  EXPECT_TRUE(open().tokenizer_dir.empty());
  write("tokenizer/merges.txt", "");
  EXPECT_EQ(open().tokenizer_dir, dir_ / "tokenizer");
}

TEST_F(DiffusersFolder, NamesEveryMissingFile) {
  for (const auto* name : {"model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json",
                           "text_encoder/model.safetensors", "unet/config.json",
                           "unet/diffusion_pytorch_model.safetensors", "vae/config.json"}) {
    const auto kept = read_file(dir_ / name);
    remove(name);
    const auto message = refused();
    EXPECT_THAT(message, HasSubstr(std::filesystem::path(name).filename().string())) << name;
    EXPECT_THAT(message, HasSubstr((dir_ / name).parent_path().string())) << name;
    write(name, kept);
  }
}

TEST_F(DiffusersFolder, PrefersFullPrecisionAndTakesTheFp16Variant) {
  write("unet/diffusion_pytorch_model.fp16.safetensors",
        safetensors({{"conv_in.bias", {"F16", {1}, std::string("\0\x44", 2)}}}));
  EXPECT_THAT(open().unet.weights.load("conv_in.bias", {1}).values(), ElementsAre(2));
  remove("unet/diffusion_pytorch_model.safetensors");
  EXPECT_THAT(open().unet.weights.load("conv_in.bias", {1}).values(), ElementsAre(4));
}

TEST_F(DiffusersFolder, TakesPicklesWhenThereIsNothingElse) {
  remove("unet/diffusion_pytorch_model.safetensors");
  std::filesystem::copy(golden("compressed.ckpt"), dir_ / "unet/diffusion_pytorch_model.bin");
  EXPECT_EQ(open().unet.weights.shape("weight"), (Shape{2, 3}));
}

class ShardedFolder : public DiffusersFolder {
 protected:
  ShardedFolder() {
    remove("unet/diffusion_pytorch_model.safetensors");
    write("unet/a.safetensors", one("a", 1));
    write("unet/b.safetensors", one("b", 2));
  }
  void index(const std::string& text) { write("unet/diffusion_pytorch_model.safetensors.index.json", text); }
};

TEST_F(ShardedFolder, IsReadThroughItsIndex) {
  index(R"({"metadata": {"total_size": 8}, "weight_map": {"a": "a.safetensors", "b": "b.safetensors"}})");
  const auto weights = open().unet.weights;
  EXPECT_THAT(weights.load("a", {1}).values(), ElementsAre(1));
  EXPECT_THAT(weights.load("b", {1}).values(), ElementsAre(2));
}

TEST_F(ShardedFolder, MustHaveATrueIndex) {
  index(R"({"weight_map": {"a": "a.safetensors", "b": "a.safetensors"}})");
  EXPECT_THAT(refused(), HasSubstr("tensor 'b' should be in a.safetensors but is not"));
  index(R"({"weight_map": {"a": "c.safetensors"}})");
  EXPECT_THAT(refused(), HasSubstr("c.safetensors: cannot be read"));
  index(R"({"weight_map": {"a": "../unet/a.safetensors"}})");
  EXPECT_THAT(refused(), HasSubstr("tensor 'a' is not mapped to a file name"));
  index(R"({"weight_map": {"a": 7}})");
  EXPECT_THAT(refused(), HasSubstr("tensor 'a' is not mapped to a file name"));
  index(R"({"weights": {}})");
  EXPECT_THAT(refused(), HasSubstr("\"weight_map\" from tensor name to shard is missing"));
}

TEST_F(DiffusersFolder, UnifiesOlderNames) {
  const auto one_value = [](float v) { return f32_tensor({1}, {v}); };
  write("vae/diffusion_pytorch_model.safetensors",
        safetensors({{"encoder.mid_block.attentions.0.query.weight", one_value(1)},
                     {"encoder.mid_block.attentions.0.key.weight", one_value(2)},
                     {"decoder.mid_block.attentions.0.value.bias", one_value(3)},
                     {"decoder.mid_block.attentions.0.proj_attn.bias", one_value(4)}}));
  EXPECT_THAT(open().vae.weights.unused(), ElementsAre("decoder.mid_block.attentions.0.to_out.0.bias",
                                                       "decoder.mid_block.attentions.0.to_v.bias",
                                                       "encoder.mid_block.attentions.0.to_k.weight",
                                                       "encoder.mid_block.attentions.0.to_q.weight"));
  write("text_encoder/model.safetensors",
        safetensors({{"embeddings.position_ids", {"I64", {1}, std::string(8, '\0')}},
                     {"embeddings.token_embedding.weight", one_value(1)},
                     {"encoder.layers.0.self_attn.q_proj.weight", one_value(1)},
                     {"final_layer_norm.weight", one_value(1)}}));
  EXPECT_THAT(open().text_encoder.weights.unused(),
              ElementsAre("text_model.embeddings.token_embedding.weight",
                          "text_model.encoder.layers.0.self_attn.q_proj.weight",
                          "text_model.final_layer_norm.weight"));
}

TEST_F(DiffusersFolder, RefusesOldAndNewNameOfOneTensor) {
  write("text_encoder/model.safetensors",
        safetensors({{"final_layer_norm.weight", f32_tensor({1}, {1})},
                     {"text_model.final_layer_norm.weight", f32_tensor({1}, {1})}}));
  EXPECT_THAT(refused(), HasSubstr("'text_model.final_layer_norm.weight' stands there twice"));
}

TEST_F(DiffusersFolder, RefusesAPartThatIsBroken) {
  write("unet/config.json", "{");
  EXPECT_THAT(refused(), HasSubstr("unet/config.json: is not valid JSON (at byte 2)"));
  write("unet/config.json", "[1]");
  EXPECT_THAT(refused(), HasSubstr("a JSON object is expected"));
  write("unet/config.json", R"({"a": 1, "b": {"a": 1, "a": 2}})");
  EXPECT_THAT(refused(), HasSubstr("unet/config.json: gives 'a' twice"));
  write("unet/config.json", std::string(1 << 20, '['));
  EXPECT_THAT(refused(), HasSubstr("is nested deeper than 64 levels"));
  write("unet/config.json", R"({"a": 1e999})");
  EXPECT_THAT(refused(), HasSubstr("a number is out of range"));
  write("unet/config.json", "{}");
  write("unet/diffusion_pytorch_model.safetensors",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n");
  EXPECT_THAT(refused(), HasSubstr("is a git-lfs pointer"));
  remove("unet/diffusion_pytorch_model.safetensors");
  std::filesystem::create_directory(dir_ / "unet/diffusion_pytorch_model.safetensors");
  EXPECT_THAT(refused(), HasSubstr("is a folder where a file is needed"));
}

TEST_F(DiffusersFolder, RefusesOtherPipelines) {
  write("model_index.json",
        R"({"_class_name": "StableDiffusionXLImg2ImgPipeline", "text_encoder": [null, null],
                               "text_encoder_2": ["transformers", "T"], "unet": ["diffusers", "U"]})");
  EXPECT_THAT(refused(), HasSubstr("is a pipeline without the part \"vae\""));
  write("model_index.json", R"({"_class_name": "FluxPipeline", "transformer": ["diffusers", "T"]})");
  EXPECT_THAT(refused(), HasSubstr("is a diffusion transformer"));
  write("model_index.json", R"({"_class_name": "DDPMPipeline", "unet": ["diffusers", "U"]})");
  EXPECT_THAT(refused(), HasSubstr("is a pipeline without the part \"text_encoder\""));
  write("model_index.json", R"({"_class_name": 3, "unet": 4, "vae": [5, 6], "transformer": []})");
  EXPECT_THAT(refused(), HasSubstr("is a pipeline without the part"));
}

TEST_F(DiffusersFolder, RefusesPartsOfDifferentModels) {
  write("unet/config.json", R"({"cross_attention_dim": 1024})");
  EXPECT_THAT(refused(),
              HasSubstr("mixes parts of different models: the U-Net wants text states of width 1024 but the "
                        "text encoder gives 8"));
  write("unet/config.json", R"({"cross_attention_dim": 8, "out_channels": 16})");
  EXPECT_THAT(refused(), HasSubstr("latent channels are 16 but the VAE's are 4"));
  write("unet/config.json", R"({"cross_attention_dim": 8, "addition_embed_type": "text_time"})");
  EXPECT_THAT(refused(), HasSubstr("there is no second text encoder"));
}

}  // namespace
}  // namespace latentdial::detail
