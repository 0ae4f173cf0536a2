// Every kind of layer against values computed by hand.
#include "weights/lora_kinds.h"

#include <gmock/gmock.h>

#include <cmath>

#include "test_files.h"
#include "weights/lora.h"

namespace latentdial::detail {
namespace {

using ::testing::ElementsAre;
using testing::f32_tensor;
using ::testing::HasSubstr;
using testing::RawTensor;
using testing::TempDir;
using testing::write_file;

using Tensors = std::map<std::string, RawTensor>;

/// A linear layer [2,2], a convolution [2,1,1,2] and a norm [2] in the U-Net, all with biases.
Checkpoint small_checkpoint() {
  const auto of = [](Shape shape, std::vector<float> values) { return Tensor::of(std::move(shape), values); };
  return {.path = "model",
          .format = "",
          .text_encoder = {{}, Weights("text encoder", "model", {})},
          .unet = {{{"cross_attention_dim", 2}},
                   Weights("U-Net", "model",
                           {{"attn2.to_k.weight", of({2, 2}, {1, 2, 3, 4})},
                            {"attn2.to_k.bias", of({2}, {0, 0})},
                            {"conv.weight", of({2, 1, 1, 2}, {1, 1, 1, 1})},
                            {"norm.weight", of({2}, {1, 1})},
                            {"norm.bias", of({2}, {0, 0})}})},
          .vae = {{}, Weights("VAE", "model", {})},
          .scheduler_config = {},
          .tokenizer_dir = {}};
}

class LoraKinds : public ::testing::Test {
 protected:
  /// The tensor `name` of the U-Net with a LoRA of `tensors`, whose keys are parts of "lora_unet_LAYER.".
  std::vector<float> merged(const std::string& name, const std::string& layer, const Tensors& tensors,
                            double scale = 1) {
    Tensors named;
    for (const auto& [part, tensor] : tensors) named["lora_unet_" + layer + "." + part] = tensor;
    const Checkpoint checkpoint = small_checkpoint();
    (void)apply_lora(checkpoint, write(named), scale);
    const Tensor loaded = checkpoint.unet.weights.load(name, checkpoint.unet.weights.shape(name));
    return {loaded.values().begin(), loaded.values().end()};
  }
  std::vector<float> linear(const Tensors& tensors, double scale = 1) {
    return merged("attn2.to_k.weight", "attn2_to_k", tensors, scale);
  }
  std::string fault(const Tensors& tensors) {
    return testing::refusal([&] { (void)linear(tensors); });
  }
  std::string fault_of_file(const Tensors& tensors) {
    return testing::refusal([&] { (void)apply_lora(small_checkpoint(), write(tensors), 1); });
  }
  std::filesystem::path write(const Tensors& tensors) {
    return write_file(folder_ / "style.safetensors", testing::safetensors(tensors));
  }

  TempDir folder_;
};

TEST_F(LoraKinds, LohaMultipliesTwoProducts) {
  const Tensors loha{{"hada_w1_a", f32_tensor({2, 1}, {1, 2})},
                     {"hada_w1_b", f32_tensor({1, 2}, {1, 3})},
                     {"hada_w2_a", f32_tensor({2, 1}, {1, 1})},
                     {"hada_w2_b", f32_tensor({1, 2}, {2, 1})},
                     {"alpha", f32_tensor({}, {2})}};
  // [1 3; 2 6] ⊙ [2 1; 2 1] = [2 3; 4 6], twice, beside [1 2; 3 4].
  EXPECT_THAT(linear(loha), ElementsAre(5, 8, 11, 16));
  EXPECT_THAT(linear(loha, 0.5), ElementsAre(3, 5, 7, 10));
}

TEST_F(LoraKinds, TuckersFormReachesOverAKernel) {
  const Tensors lora{{"lora_down.weight", f32_tensor({1, 1, 1, 1}, {2})},
                     {"lora_mid.weight", f32_tensor({1, 1, 1, 2}, {1, 3})},
                     {"lora_up.weight", f32_tensor({2, 1, 1, 1}, {1, -1})}};
  EXPECT_THAT(merged("conv.weight", "conv", lora), ElementsAre(3, 7, -1, -5));
  const Tensors loha{
      {"hada_t1", f32_tensor({1, 1, 1, 2}, {1, 3})}, {"hada_w1_a", f32_tensor({1, 2}, {1, 2})},
      {"hada_w1_b", f32_tensor({1, 1}, {1})},        {"hada_t2", f32_tensor({1, 1, 1, 2}, {1, 1})},
      {"hada_w2_a", f32_tensor({1, 2}, {1, 1})},     {"hada_w2_b", f32_tensor({1, 1}, {2})}};
  // [1 3; 2 6] ⊙ 2.
  EXPECT_THAT(merged("conv.weight", "conv", loha), ElementsAre(3, 7, 5, 13));
}

TEST_F(LoraKinds, LokrIsKroneckersProduct) {
  const RawTensor column = f32_tensor({2, 1}, {1, 2}), row = f32_tensor({1, 2}, {1, 3});
  EXPECT_THAT(linear({{"lokr_w1", column}, {"lokr_w2", row}, {"alpha", f32_tensor({}, {9})}}),
              ElementsAre(2, 5, 5, 10))
      << "without a product alpha has no meaning";
  EXPECT_THAT(linear({{"lokr_w1", column},
                      {"lokr_w2_a", f32_tensor({1, 1}, {2})},
                      {"lokr_w2_b", row},
                      {"alpha", f32_tensor({}, {0.5})}}),
              ElementsAre(2, 5, 5, 10));
  EXPECT_THAT(linear({{"lokr_w1_a", column}, {"lokr_w1_b", f32_tensor({1, 1}, {1})}, {"lokr_w2", row}}),
              ElementsAre(2, 5, 5, 10));
  EXPECT_THAT(merged("conv.weight", "conv",
                     {{"lokr_w1", column},
                      {"lokr_t2", f32_tensor({1, 1, 1, 2}, {1, 3})},
                      {"lokr_w2_a", f32_tensor({1, 1}, {1})},
                      {"lokr_w2_b", f32_tensor({1, 1}, {1})}}),
              ElementsAre(2, 4, 3, 7));
}

TEST_F(LoraKinds, GloraTurnsTheWeightItself) {
  // W · [1; 0] · [0 1] = [0 1; 0 3], beside [1; 1] · [2 0].
  EXPECT_THAT(linear({{"a1.weight", f32_tensor({2, 1}, {1, 0})},
                      {"a2.weight", f32_tensor({1, 2}, {0, 1})},
                      {"b1.weight", f32_tensor({2, 1}, {1, 1})},
                      {"b2.weight", f32_tensor({1, 2}, {2, 0})}}),
              ElementsAre(3, 3, 5, 7));
  EXPECT_THAT(linear({{"a2.weight", f32_tensor({2, 1}, {1, 0})},
                      {"a1.weight", f32_tensor({1, 2}, {0, 1})},
                      {"b2.weight", f32_tensor({2, 1}, {1, 1})},
                      {"b1.weight", f32_tensor({1, 2}, {2, 0})}}),
              ElementsAre(3, 3, 5, 7))
      << "the earlier form";
}

TEST_F(LoraKinds, OftTurnsTheOutputs) {
  // Q = [0 1; -1 0] is turned by Cayley into R = [0 1; -1 0]; Rᵀ · W = [-3 -4; 1 2].
  EXPECT_THAT(linear({{"oft_blocks", f32_tensor({1, 2, 2}, {0, 1, 0, 0})}}), ElementsAre(-3, -4, 1, 2));
  EXPECT_THAT(linear({{"oft_diag", f32_tensor({1, 2, 2}, {0, 1, -1, 0})}}), ElementsAre(-3, -4, 1, 2));
  EXPECT_THAT(
      linear({{"oft_blocks", f32_tensor({2, 1, 1}, {0, 0})}, {"rescale", f32_tensor({2, 1}, {2, 3})}}),
      ElementsAre(2, 4, 9, 12));
  // With at most 0.25 · 2 outputs, Q is scaled from √2 to 1/2: q = 1/√8, R = [(1-q²) 2q; -2q (1-q²)] /
  // (1+q²).
  const auto held =
      linear({{"oft_blocks", f32_tensor({1, 2, 2}, {0, 1, 0, 0})}, {"alpha", f32_tensor({}, {0.25})}});
  const float q = 1 / std::sqrt(8.0F), cosine = (1 - q * q) / (1 + q * q), sine = 2 * q / (1 + q * q);
  EXPECT_NEAR(held[0], cosine * 1 - sine * 3, 1e-5);
  EXPECT_NEAR(held[3], sine * 2 + cosine * 4, 1e-5);
}

TEST_F(LoraKinds, DoraKeepsMagnitudesByRowOrByInput) {
  const RawTensor zero = f32_tensor({1, 2}, {0, 0}), up = f32_tensor({2, 1}, {0, 0});
  const float one = 1 / std::sqrt(5.0F), three = 1 / std::sqrt(10.0F);
  const auto rows = linear(
      {{"lora_down.weight", zero}, {"lora_up.weight", up}, {"dora_scale", f32_tensor({2, 1}, {1, 5})}});
  EXPECT_THAT(rows, ElementsAre(::testing::FloatNear(one, 1e-5F), ::testing::FloatNear(2 * one, 1e-5F),
                                ::testing::FloatNear(3, 1e-5F), ::testing::FloatNear(4, 1e-5F)));
  const auto inputs = linear(
      {{"lora_down.weight", zero}, {"lora_up.weight", up}, {"dora_scale", f32_tensor({1, 2}, {1, 2})}});
  EXPECT_NEAR(inputs[0], three, 1e-5);
  EXPECT_NEAR(inputs[3], 2 * 4 / std::sqrt(20.0F), 1e-5);
  const auto peft = linear(
      {{"lora_A.weight", zero}, {"lora_B.weight", up}, {"lora_magnitude_vector", f32_tensor({2}, {1, 5})}});
  EXPECT_EQ(peft, rows);
}

TEST_F(LoraKinds, DifferencesOfWeightsBiasesAndNorms) {
  const Tensors full{{"diff", f32_tensor({2, 2}, {1, 1, 1, 1})}, {"diff_b", f32_tensor({2}, {1, 2})}};
  EXPECT_THAT(linear(full, 2), ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(merged("attn2.to_k.bias", "attn2_to_k", full, 2), ElementsAre(2, 4));
  const Tensors norm{{"w_norm", f32_tensor({2}, {0.5, 1})}, {"b_norm", f32_tensor({2}, {3, 4})}};
  EXPECT_THAT(merged("norm.weight", "norm", norm), ElementsAre(1.5, 2));
  EXPECT_THAT(merged("norm.bias", "norm", norm), ElementsAre(3, 4));
  EXPECT_THAT(merged("attn2.to_k.bias", "attn2_to_k", {{"diff_b", f32_tensor({2}, {1, 2})}}),
              ElementsAre(1, 2));
}

TEST_F(LoraKinds, RefusesShapesThatDoNotFit) {
  const RawTensor row = f32_tensor({1, 2}, {1, 2}), column = f32_tensor({2, 1}, {1, 2});
  EXPECT_THAT(fault({{"hada_w1_a", column}, {"hada_w1_b", row}, {"hada_w2_a", column}}),
              HasSubstr("has no hada_w2_b beside it"));
  EXPECT_THAT(fault({{"hada_w1_a", row}, {"hada_w1_b", row}, {"hada_w2_a", column}, {"hada_w2_b", row}}),
              HasSubstr("hada_w1_a' has shape [1, 2] where [2, 1 in all] is needed"));
  EXPECT_THAT(fault({{"lokr_w1", f32_tensor({3, 1}, {1, 2, 3})}, {"lokr_w2", row}}),
              HasSubstr("lokr_w1' has shape [3, 1] where a divisor of [2, 2] is needed"));
  EXPECT_THAT(fault({{"lokr_w1", column}, {"lokr_w2", column}}),
              HasSubstr("lokr_w2' has shape [2, 1] where [1, 2 in all] is needed"));
  EXPECT_THAT(fault({{"oft_blocks", f32_tensor({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})}}),
              HasSubstr("oft_blocks' has shape [2, 2, 2] where [N, M, M] with N x M = 2 is needed"));
  EXPECT_THAT(fault({{"oft_blocks", f32_tensor({1, 1, 2, 2}, {0, 0, 0, 0})}}), HasSubstr("oft_blocks"));
  EXPECT_THAT(fault({{"diff", f32_tensor({2, 0}, {})}}),
              HasSubstr("diff' has shape [2, 0] where [2, 2 in all]"));
  EXPECT_THAT(
      fault({{"a1.weight", column}, {"a2.weight", row}, {"b1.weight", column}, {"b2.weight", column}}),
      HasSubstr("b2.weight' has shape [2, 1] where [1, 2 in all]"));
  EXPECT_THAT(fault({{"diff", f32_tensor({2, 2}, {1, 1, 1, 1})}, {"dora_scale", f32_tensor({3}, {1, 2, 3})}}),
              HasSubstr("dora_scale' has shape [3] where [2] is needed"));
}

TEST_F(LoraKinds, RefusesWhatDoesNotBelongTogether) {
  const RawTensor row = f32_tensor({1, 2}, {1, 2}), column = f32_tensor({2, 1}, {1, 2});
  EXPECT_THAT(fault({{"lora_down.weight", row}, {"lora_up.weight", column}, {"hada_w1_a", column}}),
              HasSubstr("is one too many beside"));
  EXPECT_THAT(fault({{"lokr_w1", column}, {"lokr_w1_a", column}, {"lokr_w2", row}}),
              HasSubstr("lokr_w1_a' has no meaning beside"));
  EXPECT_THAT(fault({{"alpha", f32_tensor({}, {1})}}), HasSubstr("alpha' has no lora_up beside it"));
  EXPECT_THAT(fault_of_file({{"lora_unet_conv.diff_b", f32_tensor({2}, {1, 2})}}),
              HasSubstr("changes a bias, but the model's layer has none"));
}

TEST_F(LoraKinds, NamesTheFamilyOfALoraForAnother) {
  const RawTensor up = f32_tensor({2, 1}, {1, 1});
  const auto wide = [](std::int64_t width) { return f32_tensor({1, width}, std::vector<float>(width)); };
  EXPECT_THAT(fault_of_file({{"lora_unet_attn2_to_k.lora_down.weight", wide(2048)},
                             {"lora_unet_attn2_to_k.lora_up.weight", up}}),
              HasSubstr("is a LoRA for Stable Diffusion XL; model needs one for a model with text 2 wide"));
  EXPECT_THAT(
      fault_of_file({{"unet.attn2.to_k.lora_A.weight", wide(1024)}, {"unet.attn2.to_k.lora_B.weight", up}}),
      HasSubstr("is a LoRA for Stable Diffusion 2; model needs"));
  EXPECT_THAT(fault_of_file({{"lora_te2_text_model_q.lora_down.weight", wide(2)},
                             {"lora_te2_text_model_q.lora_up.weight", up}}),
              HasSubstr("is a LoRA for Stable Diffusion XL; model needs"));
  EXPECT_THAT(fault_of_file({{"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", wide(2)},
                             {"lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight", up}}),
              HasSubstr("is a LoRA for Flux; model needs"));
  EXPECT_THAT(
      fault_of_file({{"lora_unet_attn2_to_k.lokr_w1", wide(64)}, {"lora_unet_attn2_to_k.lokr_w2", wide(32)}}),
      HasSubstr("is a LoRA for Stable Diffusion XL"));
}

}  // namespace
}  // namespace latentdial::detail
