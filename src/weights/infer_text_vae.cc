#include <fmt/format.h>

#include <vector>

#include "latentdial/error.h"
#include "text/quote.h"
#include "weights/infer_config.h"

namespace latentdial::detail {
namespace {

constexpr int kMostLayers = 64;

}  // namespace

bool has_prefix(const StoredTensors& tensors, const std::string& prefix) {
  const auto found = tensors.lower_bound(prefix);
  return found != tensors.end() && found->first.starts_with(prefix);
}

const Tensor& find_tensor(const std::string& file, const ComponentTensors& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) {
    throw invalid_input(
        fmt::format("{}: tensor {} (in diffusers' naming) is missing", file, printable(name)));
  }
  return found->second;
}

std::int64_t extent(const std::string& file, const ComponentTensors& tensors, const std::string& name,
                    std::size_t axis) {
  const auto& shape = find_tensor(file, tensors, name).shape();
  if (axis >= shape.size()) {
    throw invalid_input(
        fmt::format("{}: tensor {} (in diffusers' naming) has shape {} where at least {} axes are needed",
                    file, printable(name), to_string(shape), axis + 1));
  }
  return shape[axis];
}

KeyLayout vae_layout(const std::string& file, const StoredTensors& tensors) {
  KeyLayout layout;
  while (layout.levels < kMostLayers && has_prefix(tensors, fmt::format("encoder.down.{}.", layout.levels))) {
    ++layout.levels;
  }
  while (layout.layers < kMostLayers &&
         has_prefix(tensors, fmt::format("encoder.down.0.block.{}.", layout.layers))) {
    ++layout.layers;
  }
  if (layout.levels == 0 || layout.layers == 0) {
    throw invalid_input(
        fmt::format("{}: its VAE has no encoder (first_stage_model.encoder.down.0.block.0.*)", file));
  }
  return layout;
}

KeyLayout open_clip_layout(const std::string& file, const StoredTensors& all) {
  constexpr int kWholeOpenClipH = 24;
  const std::string prefix = "cond_stage_model.model.";
  KeyLayout layout;
  while (layout.text_layers < kMostLayers &&
         has_prefix(all, fmt::format("{}transformer.resblocks.{}.", prefix, layout.text_layers))) {
    ++layout.text_layers;
  }
  const bool whole = all.contains(prefix + "text_projection") || layout.text_layers == kWholeOpenClipH;
  if (whole) --layout.text_layers;
  if (layout.text_layers < 1) {
    throw invalid_input(
        fmt::format("{}: its text encoder has no layers to use ({}transformer.resblocks.*)", file, prefix));
  }
  return layout;
}

nlohmann::json infer_vae_config(const std::string& file, const ComponentTensors& tensors,
                                const KeyLayout& layout, Generation generation) {
  const auto latent_channels = extent(file, tensors, "decoder.conv_in.weight", 1);
  if (latent_channels != 4) {
    throw invalid_input(
        fmt::format("{}: cannot tell the scaling factor of a VAE with {} latent channels (4 is usual); "
                    "put vae/config.json beside it",
                    file, latent_channels));
  }
  const auto levels = static_cast<std::size_t>(layout.levels);
  std::vector<std::int64_t> channels;
  for (int i = 0; i < layout.levels; ++i) {
    channels.push_back(
        extent(file, tensors, fmt::format("encoder.down_blocks.{}.resnets.0.conv1.weight", i), 0));
  }
  return {{"_class_name", "AutoencoderKL"},
          {"act_fn", "silu"},
          {"block_out_channels", channels},
          {"down_block_types", std::vector<std::string>(levels, "DownEncoderBlock2D")},
          {"in_channels", extent(file, tensors, "encoder.conv_in.weight", 1)},
          {"latent_channels", latent_channels},
          {"layers_per_block", layout.layers},
          {"norm_num_groups", 32},
          {"out_channels", extent(file, tensors, "decoder.conv_out.weight", 0)},
          {"sample_size", generation == Generation::sd1 ? 512 : 768},
          {"scaling_factor", 0.18215},
          {"up_block_types", std::vector<std::string>(levels, "UpDecoderBlock2D")}};
}

nlohmann::json infer_text_config(const std::string& file, const ComponentTensors& tensors,
                                 Generation generation) {
  const std::string embeddings = "text_model.embeddings.";
  const auto width = extent(file, tensors, embeddings + "token_embedding.weight", 1);
  const auto vocabulary = extent(file, tensors, embeddings + "token_embedding.weight", 0);
  if (width < 64 || width % 64 != 0) {
    throw invalid_input(fmt::format(
        "{}: cannot tell the heads of a text encoder of width {}; put text_encoder/config.json beside it",
        file, width));
  }
  int layers = 0;
  while (layers < kMostLayers &&
         tensors.contains(fmt::format("text_model.encoder.layers.{}.layer_norm1.weight", layers))) {
    ++layers;
  }
  return {{"architectures", {"CLIPTextModel"}},
          {"bos_token_id", vocabulary - 2},
          {"eos_token_id", vocabulary - 1},
          {"hidden_act", generation == Generation::sd1 ? "quick_gelu" : "gelu"},
          {"hidden_size", width},
          {"intermediate_size", extent(file, tensors, "text_model.encoder.layers.0.mlp.fc1.weight", 0)},
          {"layer_norm_eps", 1e-5},
          {"max_position_embeddings", extent(file, tensors, embeddings + "position_embedding.weight", 0)},
          {"model_type", "clip_text_model"},
          {"num_attention_heads", width / 64},
          {"num_hidden_layers", layers},
          {"vocab_size", vocabulary}};
}

}  // namespace latentdial::detail
