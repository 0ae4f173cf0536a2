// Each model against diffusers' output on small random weights (tests/golden/models/make.py).

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/autoencoder.h"
#include "models/clip_text.h"
#include "models/unet.h"
#include "ops/cpu_backend.h"
#include "weights/checkpoint.h"
#include "weights/safetensors.h"

namespace latentdial::detail::models {
namespace {

struct Case {
  std::string model;
  DType dtype;
  double tolerance;  // max |Δ| / max |expected|
};

std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string label = info.param.model + "_" + std::string(name(info.param.dtype));
  std::replace(label.begin(), label.end(), '-', '_');
  return label;
}

std::map<std::string, Tensor> read_tensors(const std::string& path) {
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, stored] : read_safetensors(MappedFile::open(path)).tensors) {
    tensors.emplace(name, open_tensor(path, name, stored));
  }
  return tensors;
}

class ModelTest : public testing::TestWithParam<Case> {
 protected:
  ModelTest()
      : folder_(std::string(LATENTDIAL_GOLDEN_DIR) + "/models/" + GetParam().model),
        ops_(ops::make_cpu_backend({.dtype = GetParam().dtype, .threads = 2})),
        checkpoint_(open_checkpoint(folder_)),
        expected_("expected", folder_, read_tensors(folder_ + "/expected.safetensors")) {}

  Tensor expected(const std::string& name) const { return expected_.load(name, expected_.shape(name)); }

  void expect_close(const Tensor& ours, const std::string& name) const {
    const Tensor reference = expected(name);
    ASSERT_EQ(ours.shape(), reference.shape()) << name;
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < ours.values().size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(reference.values()[i])));
      difference =
          std::max(difference, std::abs(static_cast<double>(ours.values()[i]) - reference.values()[i]));
    }
    EXPECT_LE(difference / largest, GetParam().tolerance) << name;
  }

  /// Beside the timesteps an upscaling model's U-Net is told a level for each picture, SDXL's a text's
  /// summary and sizes.
  std::vector<TimeContext> times_of(const UNet& unet, const std::vector<float>& timesteps) const {
    for (const char* told : {"levels", "vectors"})
      if (expected_.has(told)) return unet.project_times(timesteps, expected(told));
    return unet.project_times(timesteps);
  }

  ClipText text_encoder(const Component& component) const {
    return {{component.weights, ops_.get()},
            TextConfig::from_json(component.config),
            {},
            expected_.has("summary") ? TextStates::penultimate : TextStates::last};
  }

  std::string folder_;
  std::unique_ptr<ops::Backend> ops_;
  Checkpoint checkpoint_;
  Weights expected_;
};

TEST_P(ModelTest, TextEncoderEqualsTransformers) {
  const std::vector<std::int32_t> ids = {38, 5, 17, 2, 39, 39, 39, 39, 39};
  expect_close(ops_->to_host(text_encoder(checkpoint_.text_encoder)(ids)), "text");
  const bool has_two = checkpoint_.text_encoder_2.has_value();
  const ClipText second = text_encoder(has_two ? *checkpoint_.text_encoder_2 : checkpoint_.text_encoder);
  ASSERT_EQ(second.has_summary(), expected_.has("summary"));
  if (!second.has_summary()) return;
  if (has_two) expect_close(ops_->to_host(second(ids)), "text_2");
  expect_close(ops_->to_host(second.summary(second(ids), 4)), "summary");
}

TEST_P(ModelTest, TextEncoderWithALayerLeftOutIsAShallowerOne) {
  const std::vector<std::int32_t> ids = {38, 5, 17, 2, 39, 39, 39, 39, 39};
  Component shallow = checkpoint_.text_encoder;
  shallow.config["num_hidden_layers"] = 1;
  const ClipText whole = text_encoder(checkpoint_.text_encoder), expected = text_encoder(shallow);
  const auto values = [&](const Tensor& x) {
    const Tensor read = ops_->to_host(x);
    return std::vector(read.values().begin(), read.values().end());
  };
  EXPECT_EQ(values(whole(ids, 1)), values(expected(ids)));
  EXPECT_NE(values(whole(ids, 1)), values(whole(ids)));
  if (!checkpoint_.text_encoder_2) return;
  const ClipText second = text_encoder(*checkpoint_.text_encoder_2);
  EXPECT_EQ(values(second.summary(second(ids, 1), 4, 1)), values(second.summary(second(ids), 4)))
      << "a summary is of the last layer";
}

TEST_P(ModelTest, UNetTakesItsDeeperLevelsFromBefore) {
  const UNet unet({checkpoint_.unet.weights, ops_.get()}, UNetConfig::from_json(checkpoint_.unet.config));
  const auto text = unet.project_tokens(ops_->to_device(expected("text_states")));
  const auto times = times_of(unet, {321, 300});
  const Tensor latents = ops_->to_device(expected("latents"));
  const Tensor whole = ops_->to_host(unet(latents, times[0], text));
  DeepTap deep;
  const auto values = [](const Tensor& x) { return std::vector(x.values().begin(), x.values().end()); };
  EXPECT_EQ(values(ops_->to_host(unet(latents, times[0], text, {.deep = &deep}))), values(whole));
  ASSERT_TRUE(deep.features.defined());
  EXPECT_EQ(values(ops_->to_host(unet(latents, times[0], text, {.deep = &deep}))), values(whole))
      << "the same step again";
  const Tensor next = ops_->to_host(unet(latents, times[1], text));
  EXPECT_NE(values(ops_->to_host(unet(latents, times[1], text, {.deep = &deep}))), values(next))
      << "another timestep's deeper levels are others";
}

TEST_P(ModelTest, UNetEqualsDiffusersAtEvenAndOddSizes) {
  const UNet unet({checkpoint_.unet.weights, ops_.get()}, UNetConfig::from_json(checkpoint_.unet.config));
  const auto text = unet.project_tokens(ops_->to_device(expected("text_states")));
  const auto time = times_of(unet, {321}).front();
  expect_close(ops_->to_host(unet(ops_->to_device(expected("latents")), time, text)), "unet");
  expect_close(ops_->to_host(unet(ops_->to_device(expected("odd_latents")), time, text)), "odd_unet");
}

double largest_difference(const Tensor& a, const Tensor& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.values().size(); ++i)
    largest = std::max(largest, std::abs(double{a.values()[i]} - b.values()[i]));
  return largest;
}

class UpscalingModelTest : public ModelTest {};
class ToldSizesTest : public ModelTest {};

TEST_P(ToldSizesTest, AnotherSummaryAndAnotherSizeAreOtherAnswers) {
  const UNet unet({checkpoint_.unet.weights, ops_.get()}, UNetConfig::from_json(checkpoint_.unet.config));
  const auto text = unet.project_tokens(ops_->to_device(expected("text_states")));
  const Tensor latents = ops_->to_device(expected("latents"));
  const auto answer = [&](std::size_t place, float change) {
    Tensor vectors = expected("vectors").clone();
    vectors.values()[place] += change;
    return ops_->to_host(unet(latents, unet.project_times(std::vector{321.0F}, vectors).front(), text));
  };
  const Tensor plain = answer(0, 0);
  const auto pooled = static_cast<std::size_t>(unet.config().pooled_text_dim);
  const auto last = pooled + static_cast<std::size_t>(unet.config().told_numbers) - 1;
  for (const std::size_t place : {std::size_t{0}, pooled - 1, pooled, pooled + 2, last})
    EXPECT_GT(largest_difference(plain.slice(0, 1), answer(place, 1).slice(0, 1)), 1e-3) << place;
}

TEST_P(UpscalingModelTest, AnotherLevelIsAnotherAnswer) {
  const UNet unet({checkpoint_.unet.weights, ops_.get()}, UNetConfig::from_json(checkpoint_.unet.config));
  const auto text = unet.project_tokens(ops_->to_device(expected("text_states")));
  const Tensor latents = ops_->to_device(expected("latents")), levels = expected("levels");
  const auto swapped = Tensor::of({2, 1}, std::vector{levels.values()[1], levels.values()[0]});
  const auto answer = [&](const Tensor& vectors) {
    return ops_->to_host(unet(latents, unet.project_times(std::vector{321.0F}, vectors).front(), text));
  };
  EXPECT_GT(largest_difference(answer(levels), answer(swapped)), 0.1);
}

class ToldPictureTest : public ModelTest {};

TEST_P(ToldPictureTest, AnotherPictureIsAnotherAnswer) {
  const UNet unet({checkpoint_.unet.weights, ops_.get()}, UNetConfig::from_json(checkpoint_.unet.config));
  const auto text = unet.project_tokens(ops_->to_device(expected("text_states")));
  const Tensor latents = ops_->to_device(expected("latents")), vectors = expected("vectors");
  const auto swapped = concat_rows({vectors.slice(1, 2), vectors.slice(0, 1)});
  const auto answer = [&](const Tensor& told) {
    return ops_->to_host(unet(latents, unet.project_times(std::vector{321.0F}, told).front(), text));
  };
  EXPECT_GT(largest_difference(answer(vectors), answer(swapped)), 0.1);
}

TEST_P(ModelTest, ALayoutOfItsOwnChangesNothingAndAnothersDoes) {
  const UNet unet({checkpoint_.unet.weights, ops_.get()}, UNetConfig::from_json(checkpoint_.unet.config));
  const auto text = unet.project_tokens(ops_->to_device(expected("text_states")));
  const auto time = times_of(unet, {321}).front();
  const Tensor latents = ops_->to_device(expected("latents"));
  ASSERT_GE(latents.dim(0), 2);
  const auto run = [&](LayoutTap& layout) {
    return ops_->to_host(unet(latents, time, text, {.layout = &layout}));
  };
  const Tensor plain = ops_->to_host(unet(latents, time, text));
  LayoutTap own{1, 0.4F};
  EXPECT_TRUE(std::ranges::equal(plain.values(), run(own).values())) << "it is written, nothing else";
  ASSERT_TRUE(own.features.defined());
  const Tensor features = ops_->to_host(own.features), first = features.slice(0, 1);
  LayoutTap of_the_first{1, 0.4F, ops_->to_device(concat_rows({first, first}))};
  const Tensor mixed = run(of_the_first);
  EXPECT_TRUE(std::ranges::equal(plain.slice(0, 1).values(), mixed.slice(0, 1).values()))
      << "a mix of equals";
  EXPECT_GT(largest_difference(plain.slice(1, 2), mixed.slice(1, 2)), 3e-2);
}

TEST_P(ModelTest, WordsShareThePlacesAttentionAndLookingChangesNothing) {
  const UNet unet({checkpoint_.unet.weights, ops_.get()}, UNetConfig::from_json(checkpoint_.unet.config));
  const auto text = unet.project_tokens(ops_->to_device(expected("text_states")));
  const auto time = times_of(unet, {321}).front();
  const Tensor latents = ops_->to_device(expected("latents"));
  WordsTap one{{1}}, others{{0}};
  for (std::int64_t token = 2; token < expected("text_states").dim(1); ++token)
    others.tokens.push_back(token);
  const Tensor looked = ops_->to_host(unet(latents, time, text, {.words = &one}));
  (void)unet(latents, time, text, {.words = &others});
  EXPECT_TRUE(std::ranges::equal(looked.values(), ops_->to_host(unet(latents, time, text)).values()));
  ASSERT_FALSE(one.maps.empty());
  for (std::size_t k = 0; k < one.maps.size(); ++k) {
    EXPECT_EQ(one.maps[k].dim(0), latents.dim(0));
    for (std::size_t i = 0; i < one.maps[k].values().size(); ++i)
      EXPECT_NEAR(one.maps[k].values()[i] + others.maps[k].values()[i], 1, 0.02);
  }
}

TEST_P(ModelTest, AutoencoderEqualsDiffusers) {
  const auto config = AutoencoderConfig::from_json(checkpoint_.vae.config);
  const Decoder decoder({checkpoint_.vae.weights, ops_.get()}, config);
  const Encoder encoder({checkpoint_.vae.weights, ops_.get()}, config);
  expect_close(decoder(expected("decoder_latents")), "decoded");
  const auto distribution = encoder(expected("pixels"));
  expect_close(distribution.mean, "encoded_mean");
  expect_close(distribution.log_variance, "encoded_log_variance");
}

TEST_P(ModelTest, EveryTensorOfTheFilesIsUsed) {
  const Scope unet{checkpoint_.unet.weights, ops_.get()}, vae{checkpoint_.vae.weights, ops_.get()};
  const ClipText text_model = text_encoder(checkpoint_.text_encoder);
  if (checkpoint_.text_encoder_2) (void)text_encoder(*checkpoint_.text_encoder_2);
  const UNet unet_model(unet, UNetConfig::from_json(checkpoint_.unet.config));
  const Decoder decoder(vae, AutoencoderConfig::from_json(checkpoint_.vae.config));
  const Encoder encoder(vae, AutoencoderConfig::from_json(checkpoint_.vae.config));
  checkpoint_.pictures.reset();  // Of another room (tests/model/picture_reader_test.cc).
  for (const Component* component : checkpoint_.components())
    EXPECT_EQ(component->weights.unused(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(
    , ModelTest,
    testing::Values(Case{"conv-projection", DType::f32, 1e-4}, Case{"linear-projection", DType::f32, 1e-4},
                    Case{"upscaling", DType::f32, 1e-4}, Case{"sdxl", DType::f32, 1e-4},
                    Case{"refiner", DType::f32, 1e-4}, Case{"pruned", DType::f32, 1e-4},
                    Case{"without-middle", DType::f32, 1e-4}, Case{"conv-projection", DType::bf16, 0.05},
                    Case{"linear-projection", DType::bf16, 0.05}, Case{"upscaling", DType::bf16, 0.05},
                    Case{"sdxl", DType::bf16, 0.05}, Case{"unclip", DType::f32, 1e-4},
                    Case{"unclip", DType::bf16, 0.05}),
    case_name);

INSTANTIATE_TEST_SUITE_P(, ToldSizesTest,
                         testing::Values(Case{"sdxl", DType::f32, 0}, Case{"pruned", DType::f32, 0},
                                         Case{"refiner", DType::f32, 0}),
                         case_name);

INSTANTIATE_TEST_SUITE_P(, ToldPictureTest, testing::Values(Case{"unclip", DType::f32, 0}), case_name);

INSTANTIATE_TEST_SUITE_P(, UpscalingModelTest, testing::Values(Case{"upscaling", DType::f32, 0}), case_name);

}  // namespace
}  // namespace latentdial::detail::models
