// TAESD's decoder against diffusers' AutoencoderTiny on small random weights (tests/golden/models/make.py).

#include "models/tiny_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "models/golden.h"
#include "ops/cpu_backend.h"
#include "weights/test_files.h"
#include "weights/tiny_decoder_files.h"

namespace latentdial::detail::models {
namespace {

using latentdial::testing::f32_tensor;
using latentdial::testing::RawTensor;
using latentdial::testing::read_file;
using latentdial::testing::refusal;
using latentdial::testing::write_file;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::filesystem::path folder() {
  return golden_folder("tiny-decoder");
}

Tensor expected(const std::string& name) {
  return expected_in(folder(), name);
}

Tensor decode(const std::filesystem::path& path, DType dtype) {
  const auto ops = ops::make_cpu_backend({.dtype = dtype, .threads = 2});
  const Component component = open_tiny_decoder(path);
  const TinyDecoder decoder({component.weights, ops.get()}, TinyDecoderConfig::from_json(component.config));
  EXPECT_THAT(component.weights.unused(), IsEmpty());
  return decoder(expected("latents"));
}

double error_of(const Tensor& pixels) {
  return models::error_of(pixels, expected("decoded"));
}

TEST(TinyDecoder, EqualsDiffusersFromAFolder) {
  EXPECT_LE(error_of(decode(folder(), DType::f32)), 1e-4);
  EXPECT_LE(error_of(decode(folder(), DType::bf16)), 0.05);
}

TEST(TinyDecoder, EqualsDiffusersFromOneFileInDiffusersKeysAndInTheOriginals) {
  EXPECT_LE(error_of(decode(folder() / "diffusion_pytorch_model.safetensors", DType::f32)), 1e-4);
  EXPECT_LE(error_of(decode(folder() / "taesd_decoder.pth", DType::f32)), 1e-4);
}

TEST(TinyDecoder, LatentsFarOutAreDrawnIn) {
  const Component component = open_tiny_decoder(folder());
  const auto ops = ops::make_cpu_backend({.threads = 2});
  const TinyDecoder decoder({component.weights, ops.get()}, TinyDecoderConfig::from_json(component.config));
  const auto decoded_at = [&](float value) {
    Tensor latents = Tensor::empty({1, 2, 2, 4});
    for (float& latent : latents.values()) latent = value;
    return decoder(latents);
  };
  const Tensor far = decoded_at(100), farther = decoded_at(1000), near = decoded_at(1);
  EXPECT_TRUE(std::ranges::equal(far.values(), farther.values()));
  EXPECT_FALSE(std::ranges::equal(far.values(), near.values()));
}

TEST(TinyDecoderConfig, AnEmptyOneIsTaesd) {
  const auto config = TinyDecoderConfig::from_json(nlohmann::json::object());
  EXPECT_EQ(config.latent_channels, 4);
  EXPECT_EQ(config.channels, 64);
  EXPECT_THAT(config.blocks, ElementsAre(3, 3, 3, 1));
  EXPECT_EQ(config.downscale(), 8);
}

TEST(TinyDecoderConfig, NamesWhatTheDecoderDoesNotHave) {
  const auto complaint = [](const nlohmann::json& config) {
    return refusal([&] { (void)TinyDecoderConfig::from_json(config); });
  };
  EXPECT_THAT(complaint({{"_class_name", "AutoencoderKL"}}), HasSubstr("\"AutoencoderTiny\" is needed"));
  EXPECT_THAT(complaint({{"act_fn", "gelu"}}), HasSubstr("act_fn"));
  EXPECT_THAT(complaint({{"decoder_block_out_channels", {64, 64, 32, 64}}}), HasSubstr("for all levels"));
  EXPECT_THAT(complaint({{"decoder_block_out_channels", {64, 64}}}), HasSubstr("a list of 4 numbers"));
  EXPECT_THAT(complaint({{"latent_channels", -1}}), HasSubstr("latent_channels"));
}

class TinyDecoderFile : public ::testing::Test {
 protected:
  std::string refusal_of(const std::map<std::string, RawTensor>& tensors) {
    const auto path = write_file(dir_ / "tiny.safetensors", latentdial::testing::safetensors(tensors));
    return refusal([&] { (void)decode(path, DType::f32); });
  }
  TempDir dir_;
};

TEST_F(TinyDecoderFile, SaysWhenItHoldsNoDecoder) {
  EXPECT_THAT(refusal_of({{"0.weight", f32_tensor({1, 3, 1, 1}, {1, 2, 3})}}),
              AllOf(HasSubstr("tiny.safetensors"), HasSubstr("holds no TAESD decoder")));
  EXPECT_THAT(refusal_of({{"1.weight", f32_tensor({2}, {1, 2})}}), HasSubstr("holds no TAESD decoder"));
  EXPECT_THAT(refusal([&] { (void)open_tiny_decoder(dir_ / "none.pth"); }), HasSubstr("none.pth"));
  EXPECT_THAT(refusal([&] { (void)open_tiny_decoder(dir_.path()); }), HasSubstr("config.json"));
}

TEST_F(TinyDecoderFile, NamesAMissingTensorAndAWrongShape) {
  const RawTensor first = f32_tensor({1, 1, 3, 3}, std::vector<float>(9)), bias = f32_tensor({1}, {0});
  EXPECT_THAT(refusal_of({{"1.weight", first}, {"1.bias", bias}}),
              HasSubstr("has no tensor 'decoder.layers.2.conv.0."));
  EXPECT_THAT(refusal_of({{"1.weight", first}, {"1.bias", f32_tensor({2}, {0, 0})}}),
              HasSubstr("decoder.layers.0.bias"));
}

TEST_F(TinyDecoderFile, ACutOneIsNamed) {
  const std::string whole = read_file(folder() / "taesd_decoder.pth");
  const auto path = write_file(dir_ / "cut.pth", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(refusal([&] { (void)open_tiny_decoder(path); }), HasSubstr("cut.pth"));
}

}  // namespace
}  // namespace latentdial::detail::models
