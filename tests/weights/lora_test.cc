#include "weights/lora.h"

#include <gmock/gmock.h>

#include "test_files.h"
#include "weights/lora_keys.h"
#include "weights/safetensors.h"

namespace latentdial::detail {
namespace {

using ::testing::ElementsAre;
using testing::f32_tensor;
using ::testing::HasSubstr;
using testing::RawTensor;
using testing::TempDir;
using testing::write_file;

/// A checkpoint of one linear layer and one convolution in the U-Net, and one layer in the text encoder.
Checkpoint small_checkpoint() {
  const auto zeros = [](Shape shape) { return Tensor::zeros(std::move(shape)); };
  return {.path = "model",
          .format = "",
          .text_encoder = {{},
                           Weights("text encoder", "model",
                                   {{"text_model.q_proj.weight", zeros({2, 2})},
                                    {"text_model.embeddings.token_embedding.weight", zeros({4, 2})}})},
          .unet = {{},
                   Weights("U-Net", "model",
                           {{"down_blocks.0.attn1.to_q.weight", zeros({2, 3})},
                            {"conv_in.weight", zeros({2, 1, 2, 2})},
                            {"down_blocks.0.attn1.to_out.0.weight", zeros({2, 2})}})},
          .vae = {{}, Weights("VAE", "model", {})},
          .scheduler_config = {},
          .tokenizer_dir = {},
          .loras = {}};
}

std::vector<float> values(const Weights& weights, const std::string& name) {
  const Tensor loaded = weights.load(name, weights.shape(name));
  const auto span = loaded.values();
  return {span.begin(), span.end()};
}

class Lora : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::map<std::string, RawTensor>& tensors) {
    return write_file(folder_ / "style.safetensors", testing::safetensors(tensors));
  }
  std::string fault(const std::map<std::string, RawTensor>& tensors) {
    try {
      (void)apply_lora(checkpoint_, write(tensors), 1);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_input);
      return error.what();
    }
    return "no fault";
  }

  TempDir folder_;
  Checkpoint checkpoint_ = small_checkpoint();
};

TEST_F(Lora, AddsUpTimesDownByScaleAndAlphaOverRank) {
  const auto path =
      write({{"lora_unet_down_blocks_0_attn1_to_q.lora_down.weight", f32_tensor({2, 3}, {1, 2, 3, 4, 5, 6})},
             {"lora_unet_down_blocks_0_attn1_to_q.lora_up.weight", f32_tensor({2, 2}, {1, 0, 1, 1})},
             {"lora_unet_down_blocks_0_attn1_to_q.alpha", f32_tensor({}, {1})}});
  const AppliedLora applied = apply_lora(checkpoint_, path, 2);
  EXPECT_EQ(applied.applied, 1);
  EXPECT_EQ(applied.name, "style");
  EXPECT_THAT(values(checkpoint_.unet.weights, "down_blocks.0.attn1.to_q.weight"),
              ElementsAre(1, 2, 3, 5, 7, 9));
}

TEST_F(Lora, ReadsConvolutions) {
  const auto path = write({{"lora_unet_conv_in.lora_down.weight", f32_tensor({1, 1, 2, 2}, {1, 2, 3, 4})},
                           {"lora_unet_conv_in.lora_up.weight", f32_tensor({2, 1, 1, 1}, {1, -1})}});
  (void)apply_lora(checkpoint_, path, 1);
  EXPECT_THAT(values(checkpoint_.unet.weights, "conv_in.weight"), ElementsAre(1, 2, 3, 4, -1, -2, -3, -4));
}

TEST_F(Lora, ReadsTheKeysOfDiffusersAndPeft) {
  for (const auto& [module, down, up] : std::vector<std::array<std::string, 3>>{
           {"unet.down_blocks.0.attn1.to_q", ".lora_A.weight", ".lora_B.weight"},
           {"unet.down_blocks.0.attn1.to_q", ".lora.down.weight", ".lora.up.weight"},
           {"base_model.model.down_blocks.0.attn1.to_q", ".lora_A.weight", ".lora_B.weight"},
           {"unet.down_blocks.0.attn1.processor.to_q", "_lora.down.weight", "_lora.up.weight"}}) {
    checkpoint_ = small_checkpoint();
    const auto path =
        write({{module + down, f32_tensor({1, 3}, {1, 2, 3})}, {module + up, f32_tensor({2, 1}, {1, 2})}});
    (void)apply_lora(checkpoint_, path, 1);
    EXPECT_THAT(values(checkpoint_.unet.weights, "down_blocks.0.attn1.to_q.weight"),
                ElementsAre(1, 2, 3, 2, 4, 6))
        << module + down;
  }
}

TEST_F(Lora, TheTextEncoderAndTheOutputProjectionGoByTheirNames) {
  const auto path =
      write({{"lora_te_text_model_q_proj.lora_down.weight", f32_tensor({1, 2}, {1, 2})},
             {"lora_te_text_model_q_proj.lora_up.weight", f32_tensor({2, 1}, {1, 0})},
             {"unet.down_blocks.0.attn1.processor.to_out_lora.down.weight", f32_tensor({1, 2}, {1, 1})},
             {"unet.down_blocks.0.attn1.processor.to_out_lora.up.weight", f32_tensor({2, 1}, {3, 4})}});
  EXPECT_EQ(apply_lora(checkpoint_, path, 1).applied, 2);
  EXPECT_THAT(values(checkpoint_.text_encoder.weights, "text_model.q_proj.weight"), ElementsAre(1, 2, 0, 0));
  EXPECT_THAT(values(checkpoint_.unet.weights, "down_blocks.0.attn1.to_out.0.weight"),
              ElementsAre(3, 3, 4, 4));
}

TEST_F(Lora, SeveralAddUpAndANegativeScaleTakesAway) {
  const auto path = write({{"unet.conv_in.lora_A.weight", f32_tensor({1, 1, 2, 2}, {1, 2, 3, 4})},
                           {"unet.conv_in.lora_B.weight", f32_tensor({2, 1}, {1, 1})}});
  (void)apply_lora(checkpoint_, path, 1);
  (void)apply_lora(checkpoint_, path, -0.5);
  EXPECT_THAT(values(checkpoint_.unet.weights, "conv_in.weight"),
              ElementsAre(0.5, 1, 1.5, 2, 0.5, 1, 1.5, 2));
}

TEST_F(Lora, CountsTheLayersThatTheModelHasNot) {
  const auto path = write({{"unet.conv_in.lora_A.weight", f32_tensor({1, 4}, {1, 2, 3, 4})},
                           {"unet.conv_in.lora_B.weight", f32_tensor({2, 1}, {1, 1})},
                           {"unet.elsewhere.lora_A.weight", f32_tensor({1, 4}, {1, 2, 3, 4})},
                           {"unet.elsewhere.lora_B.weight", f32_tensor({2, 1}, {1, 1})}});
  const AppliedLora applied = apply_lora(checkpoint_, path, 1);
  EXPECT_EQ(applied.applied, 1);
  EXPECT_EQ(applied.layers, 2);
}

TEST_F(Lora, TakesAlphaOfEveryType) {
  const auto bytes = [](auto value) { return testing::bytes_of<decltype(value)>({value}); };
  for (const RawTensor& alpha : std::vector<RawTensor>{{"I64", {}, bytes(std::int64_t{3})},
                                                       {"I32", {}, bytes(std::int32_t{3})},
                                                       {"F64", {1}, bytes(3.0)},
                                                       {"F32", {}, bytes(3.0F)},
                                                       {"F16", {}, bytes(std::uint16_t{0x4200})},
                                                       {"BF16", {1, 1}, bytes(std::uint16_t{0x4040})}}) {
    checkpoint_ = small_checkpoint();
    (void)apply_lora(checkpoint_,
                     write({{"lora_unet_conv_in.lora_down.weight", f32_tensor({1, 4}, {1, 2, 3, 4})},
                            {"lora_unet_conv_in.lora_up.weight", f32_tensor({2, 1}, {1, 0})},
                            {"lora_unet_conv_in.alpha", alpha}}),
                     1);
    EXPECT_THAT(values(checkpoint_.unet.weights, "conv_in.weight"), ElementsAre(3, 6, 9, 12, 0, 0, 0, 0))
        << alpha.dtype;
  }
}

TEST_F(Lora, FindsTheTextEncoderByEveryonesPrefix) {
  for (const std::string prefix : {"lora_te_text_model_", "lora_te1_text_model_", "lora_te_", "lora_te1_",
                                   "text_encoder.text_model.", "text_encoder."}) {
    checkpoint_ = small_checkpoint();
    const bool dots = prefix.ends_with('.');
    const auto path = write(
        {{prefix + "q_proj" + (dots ? ".lora_A.weight" : ".lora_down.weight"), f32_tensor({1, 2}, {1, 2})},
         {prefix + "q_proj" + (dots ? ".lora_B.weight" : ".lora_up.weight"), f32_tensor({2, 1}, {1, 0})}});
    EXPECT_EQ(apply_lora(checkpoint_, path, 1).applied, 1) << prefix;
  }
}

TEST_F(Lora, ReadsTheLearntWordsBesideItsLayers) {
  const auto path = write({{"unet.conv_in.lora_A.weight", f32_tensor({1, 4}, {1, 2, 3, 4})},
                           {"unet.conv_in.lora_B.weight", f32_tensor({2, 1}, {1, 1})},
                           {"bundle_emb.cat-toy.string_to_param.*", f32_tensor({2, 2}, {1, 2, 3, 4})},
                           {"bundle_emb.cat-toy.clip_l", f32_tensor({2, 2}, {1, 2, 3, 4})},
                           {"bundle_emb.cat-toy.clip_g", f32_tensor({2, 3}, {1, 2, 3, 4, 5, 6})},
                           {"bundle_emb.monet.string_to_param.*", f32_tensor({1, 2}, {5, 6})}});
  const AppliedLora applied = apply_lora(checkpoint_, path, 1);
  ASSERT_EQ(applied.words.size(), 2U);
  EXPECT_EQ(applied.words[0].word, "cat-toy");
  EXPECT_EQ(applied.words[0].vectors.shape(), (Shape{2, 2}));
  EXPECT_EQ(applied.words[1].word, "monet");
  EXPECT_THAT(applied.words[1].vectors.values(), ElementsAre(5, 6));
  EXPECT_THAT(fault({{"unet.conv_in.diff", f32_tensor({2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})},
                     {"bundle_emb.wide.clip_l", f32_tensor({1, 3}, {1, 2, 3})}}),
              HasSubstr("'bundle_emb.wide.clip_l' has shape [1, 3] where this model's text encoder needs"));
}

TEST_F(Lora, NamesTheKeyThatIsWrong) {
  const RawTensor up = f32_tensor({2, 1}, {1, 1}), down = f32_tensor({1, 3}, {1, 2, 3});
  EXPECT_THAT(fault({{"unet.conv_in.on_input", up}}),
              HasSubstr("'unet.conv_in.on_input' is no key of a LoRA"));
  EXPECT_THAT(fault({{"unet.conv_in.lora_A.weight", f32_tensor({1, 4}, {1, 2, 3, 4})}}),
              HasSubstr("'unet.conv_in.lora_A.weight' has no lora_up beside it"));
  EXPECT_THAT(fault({{"unet.conv_in.lora_A.weight", down}, {"unet.conv_in.lora_B.weight", up}}),
              HasSubstr("'unet.conv_in.lora_A.weight' has shape [1, 3] where [N, 4 in all] is needed"));
  EXPECT_THAT(fault({{"unet.down_blocks.0.attn1.to_q.lora_A.weight", down},
                     {"unet.down_blocks.0.attn1.to_q.lora_B.weight", down}}),
              HasSubstr("to_q.lora_B.weight' has shape [1, 3] where [2, 1 in all] is needed"));
  EXPECT_THAT(fault({{"unet.down_blocks.0.attn1.to_q.lora_A.weight", f32_tensor({1, 3}, {1, NAN, 3})},
                     {"unet.down_blocks.0.attn1.to_q.lora_B.weight", up}}),
              HasSubstr("to_q.lora_A.weight' holds nan"));
  EXPECT_THAT(fault({{"unet.other.lora_A.weight", down}, {"unet.other.lora_B.weight", up}}),
              HasSubstr("none of its 1 layers is one of model's, such as 'unet.other'"));
}

TEST(LoraTargets, KnowSdxlsSecondEncoderAndCompVisNames) {
  const LoraTargets targets(
      {"down_blocks.0.resnets.0.conv1.weight", "down_blocks.0.resnets.1.conv1.weight",
       "down_blocks.1.attentions.0.proj_in.weight", "up_blocks.0.attentions.0.proj_in.weight"},
      {"text_model.q_proj.weight"}, {"text_model.q_proj.weight"});
  EXPECT_EQ(targets.find("lora_te2_text_model_q_proj").component, "text_encoder_2");
  EXPECT_EQ(targets.find("text_encoder_2.text_model.q_proj").component, "text_encoder_2");
  EXPECT_EQ(targets.find("lora_te1_text_model_q_proj").component, "text_encoder");
  EXPECT_EQ(targets.find("lora_unet_input_blocks_4_1_proj_in").weight,
            "down_blocks.1.attentions.0.proj_in.weight");
  EXPECT_EQ(targets.find("lora_unet_output_blocks_0_1_proj_in").weight,
            "up_blocks.0.attentions.0.proj_in.weight");
  EXPECT_EQ(targets.find("lora_unet_input_blocks_5_1_proj_in").weight, "");
}

}  // namespace
}  // namespace latentdial::detail
