#include "weights/single_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "files/json_file.h"
#include "weights/key_table.h"
#include "weights/test_files.h"

namespace latentdial::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::f32_tensor;
using testing::golden;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RawTensor;
using testing::refusal;
using testing::safetensors;
using testing::TempDir;
using testing::write_file;

using Tensors = std::map<std::string, RawTensor>;

// One line of a names file: the diffusers name (of a fused tensor: three, with commas), the CompVis key, its
// shape.
struct Pair {
  std::vector<std::string> names;
  std::string key;
  Shape shape;
};

std::vector<Pair> pairs_of(const nlohmann::json& lines) {
  std::vector<Pair> pairs;
  for (const auto& line : lines) {
    Pair pair{{}, line.at(1).get<std::string>(), line.at(2).get<Shape>()};
    std::stringstream names(line.at(0).get<std::string>());
    for (std::string name; std::getline(names, name, ',');) pair.names.push_back(name);
    pairs.push_back(pair);
  }
  return pairs;
}

// Values that tell tensors and places apart.
std::vector<float> values_of(const Pair& pair) {
  const auto seed = static_cast<float>(std::hash<std::string>()(pair.key) % 1000);
  std::vector<float> values(static_cast<std::size_t>(element_count(pair.shape)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = seed + static_cast<float>(i % 4099) / 4096;
  return values;
}

// A tiny SD 1 ("sd1") or SD 2 ("sd2") model whose names to_compvis.py found by walking diffusers' modules.
class TinyModel {
 public:
  explicit TinyModel(const std::string& name)
      : configs(read_json_object(golden(name + "_configs.json"))),
        names_(read_json_object(golden(name + "_names.json"))) {
    for (const auto* part : {"unet", "vae", "text_encoder"}) {
      for (const auto& pair : pairs(part)) tensors[pair.key] = f32_tensor(pair.shape, values_of(pair));
    }
  }
  [[nodiscard]] std::vector<Pair> pairs(const char* part) const { return pairs_of(names_.at(part)); }

  nlohmann::json configs;
  Tensors tensors;

 private:
  nlohmann::json names_;
};

class SingleFile : public ::testing::Test {
 protected:
  Checkpoint open(const Tensors& tensors) {
    return open_checkpoint(write_file(dir_ / "model.safetensors", safetensors(tensors)));
  }
  std::string refused(const Tensors& tensors) {
    return refusal([&] { (void)open(tensors); });
  }
  TempDir dir_;
};

void expect_same_tensors(const std::vector<Pair>& pairs, const Weights& weights) {
  std::vector<std::string> names;
  for (const auto& pair : pairs) names.insert(names.end(), pair.names.begin(), pair.names.end());
  std::ranges::sort(names);
  EXPECT_EQ(weights.unused(), names);
  for (const auto& pair : pairs) {
    const auto values = values_of(pair);
    auto shape = pair.shape;
    shape[0] /= static_cast<std::int64_t>(pair.names.size());
    for (std::size_t i = 0; i < pair.names.size(); ++i) {
      const auto loaded = weights.load(pair.names[i], shape);
      const auto n = loaded.values().size();
      ASSERT_EQ(std::memcmp(loaded.raw(), values.data() + i * n, n * sizeof(float)), 0) << pair.names[i];
    }
  }
  EXPECT_THAT(weights.unused(), IsEmpty());
}

// Every field that was inferred is what diffusers wrote, but for the lists and numbers that it may spell
// otherwise.
void expect_same_config(const nlohmann::json& inferred, const nlohmann::json& original) {
  for (const auto& [field, value] : inferred.items()) {
    if (field == "sample_size" || field == "architectures" || field == "mid_block_scale_factor") continue;
    if (field == "mid_block_type" && !original.contains(field)) continue;
    ASSERT_TRUE(original.contains(field)) << field;
    EXPECT_EQ(value, original.at(field)) << field;
  }
}

void expect_same_parts(const TinyModel& model, const Checkpoint& checkpoint) {
  expect_same_tensors(model.pairs("unet"), checkpoint.unet.weights);
  expect_same_tensors(model.pairs("vae"), checkpoint.vae.weights);
  expect_same_tensors(model.pairs("text_encoder"), checkpoint.text_encoder.weights);
}

class TinySingleFile : public SingleFile, public ::testing::WithParamInterface<const char*> {};

TEST_P(TinySingleFile, GivesEveryTensorUnderItsDiffusersName) {
  const TinyModel model(GetParam());
  const auto checkpoint = open(model.tensors);
  EXPECT_EQ(checkpoint.format, "CompVis safetensors");
  expect_same_parts(model, checkpoint);
}

TEST_P(TinySingleFile, MayBeAGguf) {
  const TinyModel model(GetParam());
  const auto checkpoint = open_checkpoint(write_file(dir_ / "model.gguf", testing::gguf(model.tensors)));
  EXPECT_EQ(checkpoint.format, "CompVis GGUF");
  expect_same_parts(model, checkpoint);
}

TEST_P(TinySingleFile, GivesItsPartsToAnotherModel) {
  const TinyModel model(GetParam());
  const auto whole = write_file(dir_ / "model.safetensors", safetensors(model.tensors));
  for (const auto& [prefix, part] : std::map<std::string, const char*>{{"model.diffusion_model.", "unet"},
                                                                       {"first_stage_model.", "vae"}}) {
    Tensors with_prefix, bare, of_diffusers;
    for (const auto& [key, tensor] : model.tensors) {
      if (!key.starts_with(prefix)) continue;
      with_prefix[key] = tensor;
      bare[key.substr(prefix.size())] = tensor;
    }
    for (const auto& pair : model.pairs(part))
      of_diffusers[pair.names[0]] = f32_tensor(pair.shape, values_of(pair));
    for (const auto& tensors : {with_prefix, bare, of_diffusers}) {
      const auto file = write_file(dir_ / "part.gguf", testing::gguf(tensors));
      const bool is_unet = part == std::string("unet");
      const auto checkpoint = open_checkpoint(whole, is_unet ? Parts{.unet = file} : Parts{.vae = file});
      expect_same_tensors(model.pairs(part), (is_unet ? checkpoint.unet : checkpoint.vae).weights);
    }
  }
}

TEST_F(SingleFile, TakesAUnetThatSaysWhatItPredicts) {
  const auto whole = write_file(dir_ / "model.safetensors", safetensors(TinyModel("sd1").tensors));
  auto tensors = TinyModel("sd1").tensors;
  std::erase_if(tensors,
                [](const auto& entry) { return !entry.first.starts_with("model.diffusion_model."); });
  tensors["v_pred"] = f32_tensor({0}, {});
  tensors["model.diffusion_model.input_blocks.0.0.weight"] =
      f32_tensor({32, 9, 3, 3}, std::vector<float>(2592, 1));
  const auto unet = write_file(dir_ / "unet.safetensors", safetensors(tensors));
  const auto checkpoint = open_checkpoint(whole, {.unet = unet});
  EXPECT_EQ(checkpoint.scheduler_config.at("prediction_type"), "v_prediction");
  EXPECT_EQ(checkpoint.unet.config.at("in_channels"), 9);
  const auto settled = open_checkpoint(whole, {.unet = unet, .prediction = "epsilon"});
  EXPECT_EQ(settled.scheduler_config.at("prediction_type"), "epsilon");
}

TEST_F(SingleFile, SaysWhatIsNotAPart) {
  const auto whole = write_file(dir_ / "model.safetensors", safetensors(TinyModel("sd1").tensors));
  const auto other =
      write_file(dir_ / "other.gguf", testing::gguf({{"encoder.down.0.x", f32_tensor({1}, {1})}}));
  EXPECT_THAT(refusal([&] { (void)open_checkpoint(whole, {.unet = other}); }), HasSubstr("unet: "));
  EXPECT_THAT(refusal([&] { (void)open_checkpoint(whole, {.vae = dir_ / "missing"}); }),
              HasSubstr("missing"));
}

TEST_P(TinySingleFile, TellsItsArchitectureByItsTensors) {
  const TinyModel model(GetParam());
  const auto checkpoint = open(model.tensors);
  expect_same_config(checkpoint.unet.config, model.configs.at("unet"));
  expect_same_config(checkpoint.vae.config, model.configs.at("vae"));
  expect_same_config(checkpoint.text_encoder.config, model.configs.at("text_encoder"));
  const bool sd1 = GetParam() == std::string("sd1");
  EXPECT_EQ(checkpoint.unet.config.at("sample_size"), sd1 ? 64 : 96);
  EXPECT_EQ(checkpoint.scheduler_config.at("prediction_type"), sd1 ? "epsilon" : "v_prediction");
}

TEST_F(SingleFile, TellsWhatWasPrunedByWhatIsMissing) {
  const std::string middle = "model.diffusion_model.middle_block.";
  const auto config_without = [&](const std::vector<std::string>& beginnings) {
    auto tensors = TinyModel("sd1").tensors;
    for (const auto& beginning : beginnings)
      std::erase_if(tensors, [&](const auto& entry) { return entry.first.starts_with(middle + beginning); });
    return open(tensors).unet.config;
  };
  EXPECT_EQ(config_without({}).at("mid_block_type"), "UNetMidBlock2DCrossAttn");
  EXPECT_EQ(config_without({"1.", "2."}).at("mid_block_type"), "UNetMidBlock2D");
  EXPECT_TRUE(config_without({""}).at("mid_block_type").is_null());
}

TEST_F(SingleFile, TellsTheDepthOfEachTransformer) {
  auto tensors = TinyModel("sd1").tensors;
  const auto deepen = [&](const std::string& block) {
    const std::string first = "model.diffusion_model." + block + ".1.transformer_blocks.0.";
    Tensors more;
    for (const auto& [key, tensor] : tensors)
      if (key.starts_with(first))
        more["model.diffusion_model." + block + ".1.transformer_blocks.1." + key.substr(first.size())] =
            tensor;
    tensors.merge(more);
  };
  const nlohmann::json plain = open(tensors).unet.config;
  EXPECT_EQ(plain.at("transformer_layers_per_block"), 1);
  EXPECT_FALSE(plain.contains("reverse_transformer_layers_per_block"));
  const auto layers = plain.at("layers_per_block").get<int>();
  const auto levels = plain.at("block_out_channels").size();
  deepen("input_blocks.1");
  deepen(fmt::format("output_blocks.{}", levels * static_cast<std::size_t>(layers + 1) - 1));  // The last.
  const nlohmann::json deeper = open(tensors).unet.config;
  nlohmann::json down(levels, 1), up(levels, 1);
  nlohmann::json first(static_cast<std::size_t>(layers), 1), last(static_cast<std::size_t>(layers + 1), 1);
  first.front() = last.back() = 2;
  down.front() = layers == 1 ? nlohmann::json(2) : first;
  up.back() = last;
  EXPECT_EQ(deeper.at("transformer_layers_per_block"), down);
  EXPECT_EQ(deeper.at("reverse_transformer_layers_per_block"), up);
}

TEST_P(TinySingleFile, HasOneTableForBothDirections) {
  const TinyModel model(GetParam());
  const auto& unet = model.configs.at("unet");
  KeyLayout layout{
      static_cast<int>(unet.at("block_out_channels").size()), unet.at("layers_per_block"), {}, 0};
  for (const auto& type : unet.at("down_block_types"))
    layout.attention.push_back(type == "CrossAttnDownBlock2D");
  const KeyTable table(KeyFamily::compvis_unet, layout);
  for (const auto& pair : model.pairs("unet")) {
    EXPECT_EQ("model.diffusion_model." + table.from_diffusers(pair.names[0]), pair.key);
  }
}

INSTANTIATE_TEST_SUITE_P(Generations, TinySingleFile, ::testing::Values("sd1", "sd2"));

TEST_F(SingleFile, IgnoresATrainersState) {
  auto tensors = TinyModel("sd1").tensors;
  const auto before = open(tensors).unet.weights.unused();
  tensors["model_ema.diffusion_modelinput_blocks00weight"] = f32_tensor({1}, {1});
  tensors["alphas_cumprod"] = {"F64", {1}, std::string(8, '\0')};
  tensors["cond_stage_model.transformer.text_model.embeddings.position_ids"] = {
      "I64", {1, 1}, std::string(8, '\0')};
  tensors["some_trainer.counter"] = f32_tensor({1}, {1});
  const auto checkpoint = open(tensors);
  EXPECT_EQ(checkpoint.unet.weights.unused(), before);
  EXPECT_FALSE(checkpoint.text_encoder.weights.has("text_model.embeddings.position_ids"));
}

TEST_F(SingleFile, KeepsAnExtraTensorOfAPartToBeNamed) {
  auto tensors = TinyModel("sd1").tensors;
  tensors["model.diffusion_model.adapter.weight"] = f32_tensor({1}, {1});
  EXPECT_TRUE(open(tensors).unet.weights.has("adapter.weight"));
}

TEST_F(SingleFile, LeavesOutTheLayerOfOpenClipThatSd2DoesNotUse) {
  auto tensors = TinyModel("sd2").tensors;
  tensors["cond_stage_model.model.text_projection"] = f32_tensor({1}, {1});
  tensors["cond_stage_model.model.transformer.resblocks.2.ln_1.weight"] = f32_tensor({1}, {1});
  const auto checkpoint = open(tensors);
  EXPECT_EQ(checkpoint.text_encoder.config.at("num_hidden_layers"), 2);
  EXPECT_FALSE(checkpoint.text_encoder.weights.has("text_model.encoder.layers.2.layer_norm1.weight"));
}

TEST_F(SingleFile, PrefersConfigurationFilesBesideIt) {
  const TinyModel model("sd2");
  write_file(dir_ / "scheduler/scheduler_config.json", R"({"prediction_type": "epsilon"})");
  write_file(dir_ / "unet/config.json", R"({"cross_attention_dim": 128, "sample_size": 7})");
  write_file(dir_ / "tokenizer/vocab.json", "{}");
  write_file(dir_ / "tokenizer/merges.txt", "");
  const auto checkpoint = open(model.tensors);
  EXPECT_EQ(checkpoint.scheduler_config.at("prediction_type"), "epsilon");
  EXPECT_EQ(checkpoint.unet.config.at("sample_size"), 7);
  EXPECT_EQ(checkpoint.tokenizer_dir, dir_ / "tokenizer");
}

TEST_F(SingleFile, ReadsWhatConvertersLeaveHalfDone) {
  const std::string attention = "first_stage_model.decoder.mid.attn_1.";
  const TinyModel model("sd1");
  for (const auto& names : std::vector<std::map<std::string, std::string>>{
           {{"q", "to_q"}, {"k", "to_k"}, {"v", "to_v"}, {"proj_out", "to_out.0"}, {"norm", "group_norm"}},
           {{"q", "query"}, {"k", "key"}, {"v", "value"}, {"proj_out", "proj_attn"}}}) {
    auto tensors = model.tensors;
    for (const auto& [from, to] : names) {
      for (const char* kind : {".weight", ".bias"}) {
        auto moved = tensors.extract(attention + from + kind);
        moved.key() = attention + to + kind;
        tensors.insert(std::move(moved));
      }
    }
    expect_same_tensors(model.pairs("vae"), open(tensors).vae.weights);
  }
}

TEST_F(SingleFile, ReadsNamesThatAWrapperPutSomethingBefore) {
  const TinyModel model("sd1");
  for (const std::string wrapper : {"state_dict.", "module.", "model.module."}) {
    Tensors tensors;
    for (const auto& [name, tensor] : model.tensors) tensors[wrapper + name] = tensor;
    expect_same_tensors(model.pairs("unet"), open(tensors).unet.weights);
  }
}

TEST_F(SingleFile, ReadsDoublesAsTheNearestFloats) {
  auto tensors = TinyModel("sd1").tensors;
  tensors["model.diffusion_model.out.2.bias"] = {"F64", {4}, testing::bytes_of<double>({1, 2, 0.1, -4})};
  EXPECT_THAT(open(tensors).unet.weights.load("conv_out.bias", {4}).values(), ElementsAre(1, 2, 0.1F, -4));
}

TEST_F(SingleFile, NeedsAFusedProjectionOfThreeParts) {
  auto tensors = TinyModel("sd2").tensors;
  tensors["cond_stage_model.model.transformer.resblocks.0.attn.in_proj_bias"] = f32_tensor({4}, {1, 2, 3, 4});
  EXPECT_THAT(refused(tensors),
              HasSubstr("'cond_stage_model.model.transformer.resblocks.0.attn.in_proj_bias' has shape "
                        "[4]; three stacked projections are needed"));
}

TEST_F(SingleFile, NeedsTensorsThatTheEngineCanHold) {
  auto tensors = TinyModel("sd1").tensors;
  tensors["model.diffusion_model.out.2.bias"] = {"F8_E8M0", {4}, "1234"};
  EXPECT_THAT(refused(tensors), HasSubstr("'model.diffusion_model.out.2.bias' is of type 'F8_E8M0'"));
}

TEST_F(SingleFile, NamesWhatItsConfigurationCannotBeReadFrom) {
  auto tensors = TinyModel("sd1").tensors;
  tensors.erase("model.diffusion_model.out.2.weight");
  EXPECT_THAT(refused(tensors), HasSubstr("tensor 'conv_out.weight' (in diffusers' naming) is missing"));
  tensors = TinyModel("sd1").tensors;
  tensors["model.diffusion_model.out.2.weight"] = f32_tensor({}, {1});
  EXPECT_THAT(refused(tensors),
              HasSubstr("'conv_out.weight' (in diffusers' naming) has shape [] where at least 1 axes"));
  tensors = TinyModel("sd1").tensors;
  tensors["first_stage_model.decoder.conv_in.weight"] = f32_tensor({1, 8}, std::vector<float>(8));
  EXPECT_THAT(refused(tensors),
              HasSubstr("a VAE with 8 latent channels (4 is usual); put vae/config.json beside it"));
  tensors = TinyModel("sd1").tensors;
  std::erase_if(tensors,
                [](const auto& t) { return t.first.starts_with("model.diffusion_model.input_blocks.4."); });
  EXPECT_THAT(refused(tensors), HasSubstr("its U-Net has 4 input and 9 output blocks"));
}

TEST_F(SingleFile, SaysWhichPartIsMissing) {
  const auto without = [&](const std::string& prefix) {
    auto tensors = TinyModel("sd1").tensors;
    std::erase_if(tensors, [&](const auto& t) { return t.first.starts_with(prefix); });
    return refused(tensors);
  };
  EXPECT_THAT(without("first_stage_model."), HasSubstr("but no VAE (first_stage_model.*)"));
  EXPECT_THAT(without("cond_stage_model."), HasSubstr("but no text encoder (cond_stage_model.*)"));
  EXPECT_THAT(without("model.diffusion_model."), HasSubstr("but no U-Net (model.diffusion_model.*)"));
}

TEST_F(SingleFile, SaysWhatAnotherArchitectureSeemsToBe) {
  const auto seems = [&](const std::string& key) { return refused({{key, f32_tensor({1}, {1})}}); };
  EXPECT_THAT(seems("conditioner.embedders.0.transformer.x"), HasSubstr("holds a text encoder but no"));
  EXPECT_THAT(seems("conditioner.embedders.0.model.ln_final.bias"), HasSubstr("holds a text encoder but no"));
  EXPECT_THAT(seems("model.diffusion_model.label_emb.0.0.bias"), HasSubstr("Stable Diffusion XL or unCLIP"));
  EXPECT_THAT(seems("model.diffusion_model.joint_blocks.0.x"), HasSubstr("a Stable Diffusion 3 model"));
  EXPECT_THAT(seems("double_blocks.0.img_attn.qkv.weight"), HasSubstr("a Flux model"));
  EXPECT_THAT(seems("lora_unet_down_blocks_0.lora_down.weight"), HasSubstr("a LoRA"));
  EXPECT_THAT(seems("unet.down_blocks.0.to_q.lora_A.weight"), HasSubstr("a LoRA"));
  EXPECT_THAT(seems("control_model.input_blocks.0.0.weight"), HasSubstr("a ControlNet"));
  EXPECT_THAT(seems("emb_params"), HasSubstr("a textual inversion"));
  EXPECT_THAT(seems("down_blocks.0.resnets.0.conv1.weight"), HasSubstr("a U-Net alone"));
  EXPECT_THAT(seems("encoder.down.0.block.0.conv1.weight"), HasSubstr("a VAE alone"));
  EXPECT_THAT(seems("text_model.final_layer_norm.bias"), HasSubstr("a text encoder alone"));
  EXPECT_THAT(seems("layers.0.weight"), HasSubstr("none of its 1 tensors (the first is 'layers.0.weight')"));
  EXPECT_THAT(refused({}), HasSubstr("holds no tensors"));
  auto other_text = TinyModel("sd1").tensors;
  std::erase_if(other_text, [](const auto& t) { return t.first.starts_with("cond_stage_model."); });
  other_text["cond_stage_model.roberta.bias"] = f32_tensor({1}, {1});
  EXPECT_THAT(refused(other_text), HasSubstr("its text encoder is neither CLIP"));
}

}  // namespace
}  // namespace latentdial::detail
