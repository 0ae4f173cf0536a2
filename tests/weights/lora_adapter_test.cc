#include "weights/lora_adapter.h"

#include <gmock/gmock.h>

#include <cmath>

#include "test_files.h"
#include "weights/checkpoint.h"
#include "weights/lora.h"

namespace latentdial::detail {
namespace {

using testing::f32_tensor;
using ::testing::HasSubstr;
using testing::TempDir;
using testing::write_file;

LoraAdapter with_metadata(const std::string& json) {
  return {"ink.safetensors", {{"lora_adapter_metadata", json}}};
}

TEST(LoraAdapter, HasAnAlphaOfEachComponentAndOfLayersByTheirNames) {
  const LoraAdapter adapter = with_metadata(
      R"({"unet.lora_alpha": 6, "unet.alpha_pattern": {"attn1.to_k": 2, "^mid_block\\.conv$": 3, "to_k": 4},
          "text_encoder.lora_alpha": 8})");
  const auto alpha = [&](const std::string& component, const std::string& module) {
    return adapter.scaling(component, module).alpha;
  };
  EXPECT_EQ(alpha("unet", "unet.down_blocks.0.attn1.to_q"), 6);
  EXPECT_EQ(alpha("unet", "unet.down_blocks.0.attn1.to_k"), 2) << "by the first that fits";
  EXPECT_EQ(alpha("unet", "unet.down_blocks.0.attn2.to_k"), 4);
  EXPECT_EQ(alpha("unet", "unet.down_blocks.0.attn2.not_to_k"), 6) << "whole parts of the name";
  EXPECT_EQ(alpha("unet", "unet.mid_block.conv"), 3);
  EXPECT_EQ(alpha("text_encoder", "text_encoder.text_model.to_k"), 8);
  EXPECT_EQ(alpha("text_encoder_2", "text_encoder_2.text_model.to_k"), std::nullopt);
}

TEST(LoraAdapter, DividesByTheRootOfTheRankWhereItSaysSo) {
  EXPECT_TRUE(with_metadata(R"({"unet.use_rslora": true})").scaling("unet", "unet.a").by_root);
  EXPECT_FALSE(
      with_metadata(R"({"unet.use_rslora": true})").scaling("text_encoder", "text_encoder.a").by_root);
  EXPECT_FALSE(with_metadata(R"({"unet.use_rslora": "yes"})").scaling("unet", "unet.a").by_root);
}

TEST(LoraAdapter, AnExpressionIsRefusedAndNotPassedOver) {
  const LoraAdapter adapter = with_metadata(R"({"unet.alpha_pattern": {"down_blocks.*.to_k": 2}})");
  EXPECT_THAT(testing::refusal([&] { (void)adapter.scaling("unet", "unet.a"); }),
              HasSubstr("'down_blocks.*.to_k' of its alpha_pattern is no layer's name"));
}

TEST(LoraAdapter, OfPeftItLiesBesideTheTensors) {
  const TempDir folder;
  const std::string layer = "base_model.model.down_blocks.0.attn1.to_q";
  const auto path =
      write_file(folder / "adapter_model.safetensors",
                 testing::safetensors({{layer + ".lora_A.weight", f32_tensor({4, 1}, {1, 0, 0, 0})},
                                       {layer + ".lora_B.weight", f32_tensor({1, 4}, {1, 0, 0, 0})}}));
  const auto merged = [&] {
    const Checkpoint checkpoint = {
        .path = "model",
        .format = "",
        .text_encoder = {{},
                         Weights("text encoder", "model",
                                 {{"text_model.embeddings.token_embedding.weight", Tensor::zeros({4, 2})}})},
        .unet = {{}, Weights("U-Net", "model", {{"down_blocks.0.attn1.to_q.weight", Tensor::zeros({1, 1})}})},
        .vae = {{}, Weights("VAE", "model", {})},
        .scheduler_config = {},
        .tokenizer_dir = {},
        .loras = {}};
    (void)apply_lora(checkpoint, path, 1);
    return checkpoint.unet.weights.load("down_blocks.0.attn1.to_q.weight", {1, 1}).values()[0];
  };
  EXPECT_EQ(merged(), 1);
  write_file(folder / "adapter_config.json", R"({"lora_alpha": 8, "r": 4})");
  EXPECT_EQ(merged(), 2);
  write_file(folder / "adapter_config.json", R"({"lora_alpha": 8, "r": 4, "use_rslora": true})");
  EXPECT_EQ(merged(), 4);
  write_file(folder / "adapter_config.json", "[]");
  EXPECT_THAT(testing::refusal([&] { (void)merged(); }), HasSubstr("adapter_config.json"));
}

}  // namespace
}  // namespace latentdial::detail
