#include "weights/infer_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "latentdial/error.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

/// How many of the numbers 0, 1, … one after the other are there, 64 at the most.
template <class IsThere>
int count(const IsThere& is_there) {
  constexpr int kMost = 64;
  int n = 0;
  while (n < kMost && is_there(n)) ++n;
  return n;
}

int count_blocks(const StoredTensors& tensors, std::string_view prefix) {
  return count([&](int n) { return has_prefix(tensors, fmt::format("{}.{}.", prefix, n)); });
}

/// The shapes of a component's tensors, by their names in diffusers.
struct Shapes {
  const std::string& file;
  const ComponentTensors& tensors;

  /// Throws invalid_input when the tensor is missing.
  [[nodiscard]] const Shape& operator[](const std::string& name) const {
    const auto found = tensors.find(name);
    if (found != tensors.end()) return found->second.shape();
    throw invalid_input(
        fmt::format("{}: tensor {} (in diffusers' naming) is missing", file, printable(name)));
  }

  /// Extent `axis` of a tensor; throws invalid_input when the tensor is missing or has fewer axes.
  [[nodiscard]] std::int64_t extent(const std::string& name, std::size_t axis) const {
    const auto& shape = (*this)[name];
    if (axis < shape.size()) return shape[axis];
    throw invalid_input(
        fmt::format("{}: tensor {} (in diffusers' naming) has shape {} where at least {} axes are needed",
                    file, printable(name), to_string(shape), axis + 1));
  }

  [[nodiscard]] bool has(const std::string& name) const { return tensors.contains(name); }
};

/// Blocks of a transformer; 1 where there is none, as diffusers writes it.
int depth_of(const Shapes& shapes, const std::string& transformer) {
  const int depth = count([&](int n) {
    return shapes.has(fmt::format("{}.transformer_blocks.{}.attn2.to_k.weight", transformer, n));
  });
  return std::max(depth, 1);
}

bool is_nested(const nlohmann::json& depths) {
  return std::ranges::any_of(depths, [](const auto& level) { return level.is_array(); });
}

/// What is alike throughout a list as one.
nlohmann::json as_one(nlohmann::json list) {
  const bool alike = std::ranges::all_of(list, [&](const auto& one) { return one == list.front(); });
  return alike ? list.front() : list;
}

/// The depths of a way's transformers, `layers` of them at each level.
nlohmann::json depths_on(const char* way, const Shapes& shapes, int levels, int layers) {
  nlohmann::json depths = nlohmann::json::array();
  for (int i = 0; i < levels; ++i) {
    nlohmann::json level = nlohmann::json::array();
    for (int j = 0; j < layers; ++j)
      level.push_back(depth_of(shapes, fmt::format("{}.{}.attentions.{}", way, i, j)));
    depths.push_back(as_one(std::move(level)));
  }
  return depths;
}

/// How deep the transformers are: the way up is told where it is not the mirror image of the way down. The
/// middle's depth is the last level's, which may have no transformer of its own.
void add_depths(const Shapes& shapes, const KeyLayout& layout, nlohmann::json& config) {
  auto down = depths_on("down_blocks", shapes, layout.levels, layout.layers);
  auto up = depths_on("up_blocks", shapes, layout.levels, layout.layers + 1);
  if (!layout.attention.back()) down.back() = depth_of(shapes, "mid_block.attentions.0");
  auto mirrored = down;
  std::ranges::reverse(mirrored);
  for (std::size_t i = 0; i < up.size(); ++i)
    if (!layout.attention[up.size() - 1 - i]) up[i] = mirrored[i];
  if (is_nested(down) || up != mirrored) config["reverse_transformer_layers_per_block"] = up;
  config["transformer_layers_per_block"] = as_one(std::move(down));
}

bool has_module(const Shapes& shapes, const std::string& module) {
  const auto found = shapes.tensors.lower_bound(module + ".");
  return found != shapes.tensors.end() && found->first.starts_with(module + ".");
}

/// What lies between the two ways: nothing in BK-SDM's small ones, one residual block in SSD-1B.
nlohmann::json mid_block_type(const Shapes& shapes) {
  if (has_module(shapes, "mid_block.attentions.0")) return "UNetMidBlock2DCrossAttn";
  return has_module(shapes, "mid_block") ? nlohmann::json("UNetMidBlock2D") : nlohmann::json();
}

/// A transformer that is surely there.
std::string some_transformer(const Shapes& shapes, const KeyLayout& layout) {
  if (has_module(shapes, "mid_block.attentions.0")) return "mid_block.attentions.0.";
  const auto level = std::ranges::find(layout.attention, true) - layout.attention.begin();
  return fmt::format("down_blocks.{}.attentions.0.", level);
}

nlohmann::json heads(const std::string& file, const std::vector<std::int64_t>& channels,
                     Generation generation) {
  const bool by_width = generation == Generation::sd2 || is_told_sizes(generation);
  const std::int64_t divisor = by_width ? 64 : 8;
  nlohmann::json counts = nlohmann::json::array();
  for (const auto c : channels) {
    if (c % divisor != 0 || c == 0) {
      throw invalid_input(fmt::format(
          "{}: cannot tell the attention heads of {} channels; put unet/config.json beside it", file, c));
    }
    counts.push_back(c / divisor);
  }
  // diffusers' "attention_head_dim" is, for historical reasons, the number of heads.
  return by_width ? counts : nlohmann::json(8);
}

/// What the upscaler's U-Net has beside an ordinary one's. Where a level is as wide as the text, its first
/// attention is to the pixels.
void add_upscaler(const Shapes& shapes, const std::vector<std::int64_t>& channels, nlohmann::json& config) {
  nlohmann::json only_cross = nlohmann::json::array();
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const auto keys = fmt::format("down_blocks.{}.attentions.0.transformer_blocks.0.attn1.to_k.weight", i);
    only_cross.push_back(shapes.has(keys) && shapes.extent(keys, 1) != channels[i]);
  }
  config["only_cross_attention"] = only_cross;
  config["num_class_embeds"] = shapes.extent("class_embedding.weight", 0);
  config["sample_size"] = 128;
}

/// What SDXL's U-Net is told beside an ordinary one's.
void add_told(const Shapes& shapes, Generation generation, nlohmann::json& config) {
  config["addition_embed_type"] = "text_time";
  config["addition_time_embed_dim"] = 256;
  config["projection_class_embeddings_input_dim"] = shapes.extent("add_embedding.linear_1.weight", 1);
  config["sample_size"] = 128;
  if (generation == Generation::refiner) config["requires_aesthetics_score"] = true;
}

double vae_scale(Generation generation) {
  if (is_told_sizes(generation)) return 0.13025;
  return generation == Generation::upscaling ? 0.08333 : 0.18215;
}

}  // namespace

bool has_prefix(const StoredTensors& tensors, const std::string& prefix) {
  const auto found = tensors.lower_bound(prefix);
  return found != tensors.end() && found->first.starts_with(prefix);
}

KeyLayout unet_layout(const std::string& file, const StoredTensors& tensors) {
  const int blocks = count_blocks(tensors, "input_blocks");
  const int output_blocks = count_blocks(tensors, "output_blocks");
  int per_level = 1;
  while (per_level < blocks && !has_prefix(tensors, fmt::format("input_blocks.{}.0.op.", per_level)))
    ++per_level;
  KeyLayout layout;
  layout.layers = per_level - 1;
  layout.levels = blocks / per_level;
  if (layout.layers < 1 || blocks % per_level != 0 || output_blocks != blocks) {
    throw invalid_input(fmt::format(
        "{}: its U-Net has {} input and {} output blocks, which no Stable Diffusion 1, 2 or XL has", file,
        blocks, output_blocks));
  }
  for (int i = 0; i < layout.levels; ++i) {
    layout.attention.push_back(has_prefix(tensors, fmt::format("input_blocks.{}.1.", 1 + i * per_level)));
  }
  return layout;
}

KeyLayout vae_layout(const std::string& file, const StoredTensors& tensors) {
  KeyLayout layout;
  layout.levels = count_blocks(tensors, "encoder.down");
  layout.layers = count_blocks(tensors, "encoder.down.0.block");
  if (layout.levels == 0 || layout.layers == 0) {
    throw invalid_input(
        fmt::format("{}: its VAE has no encoder (first_stage_model.encoder.down.0.block.0.*)", file));
  }
  return layout;
}

KeyLayout open_clip_layout(const std::string& file, const StoredTensors& all, Generation generation) {
  constexpr int kWholeOpenClipH = 24;
  const std::string prefix = std::string(open_clip_prefix(generation)) + "model.";
  KeyLayout layout;
  layout.text_layers = count_blocks(all, prefix + "transformer.resblocks");
  const bool whole = all.contains(prefix + "text_projection") || layout.text_layers == kWholeOpenClipH;
  if (whole && !is_told_sizes(generation)) --layout.text_layers;
  if (layout.text_layers < 1) {
    throw invalid_input(
        fmt::format("{}: its text encoder has no layers to use ({}transformer.resblocks.*)", file, prefix));
  }
  return layout;
}

nlohmann::json infer_unet_config(const std::string& file, const ComponentTensors& tensors,
                                 const KeyLayout& layout, Generation generation) {
  const Shapes shapes{file, tensors};
  std::vector<std::int64_t> channels;
  nlohmann::json down = nlohmann::json::array();
  nlohmann::json up = nlohmann::json::array();
  for (int i = 0; i < layout.levels; ++i) {
    const bool attention = layout.attention[static_cast<std::size_t>(i)];
    channels.push_back(shapes.extent(fmt::format("down_blocks.{}.resnets.0.conv1.weight", i), 0));
    down.push_back(attention ? "CrossAttnDownBlock2D" : "DownBlock2D");
    up.insert(up.begin(), attention ? "CrossAttnUpBlock2D" : "UpBlock2D");
  }
  const std::string transformer = some_transformer(shapes, layout);
  const auto width = shapes.extent(transformer + "transformer_blocks.0.attn2.to_k.weight", 1);
  nlohmann::json config = {{"_class_name", "UNet2DConditionModel"},
                           {"act_fn", "silu"},
                           {"attention_head_dim", heads(file, channels, generation)},
                           {"block_out_channels", channels},
                           {"center_input_sample", false},
                           {"cross_attention_dim", width},
                           {"down_block_types", down},
                           {"downsample_padding", 1},
                           {"flip_sin_to_cos", true},
                           {"freq_shift", 0},
                           {"in_channels", shapes.extent("conv_in.weight", 1)},
                           {"layers_per_block", layout.layers},
                           {"mid_block_scale_factor", 1},
                           {"mid_block_type", mid_block_type(shapes)},
                           {"norm_eps", 1e-5},
                           {"norm_num_groups", 32},
                           {"out_channels", shapes.extent("conv_out.weight", 0)},
                           {"sample_size", generation == Generation::sd1 ? 64 : 96},
                           {"up_block_types", up},
                           {"use_linear_projection", shapes[transformer + "proj_in.weight"].size() == 2}};
  add_depths(shapes, layout, config);
  if (generation == Generation::upscaling) add_upscaler(shapes, channels, config);
  if (is_told_sizes(generation)) add_told(shapes, generation, config);
  return config;
}

nlohmann::json infer_vae_config(const std::string& file, const ComponentTensors& tensors,
                                const KeyLayout& layout, Generation generation) {
  const Shapes shapes{file, tensors};
  const auto latent_channels = shapes.extent("decoder.conv_in.weight", 1);
  if (latent_channels != 4) {
    throw invalid_input(
        fmt::format("{}: cannot tell the scaling factor of a VAE with {} latent channels (4 is usual); "
                    "put vae/config.json beside it",
                    file, latent_channels));
  }
  const auto levels = static_cast<std::size_t>(layout.levels);
  std::vector<std::int64_t> channels;
  for (int i = 0; i < layout.levels; ++i) {
    channels.push_back(shapes.extent(fmt::format("encoder.down_blocks.{}.resnets.0.conv1.weight", i), 0));
  }
  return {{"_class_name", "AutoencoderKL"},
          {"act_fn", "silu"},
          {"block_out_channels", channels},
          {"down_block_types", std::vector<std::string>(levels, "DownEncoderBlock2D")},
          {"in_channels", shapes.extent("encoder.conv_in.weight", 1)},
          {"latent_channels", latent_channels},
          {"layers_per_block", layout.layers},
          {"norm_num_groups", 32},
          {"out_channels", shapes.extent("decoder.conv_out.weight", 0)},
          {"sample_size", generation == Generation::sd1 ? 512
                          : is_told_sizes(generation)   ? 1024
                                                        : 768},
          {"scaling_factor", vae_scale(generation)},
          {"up_block_types", std::vector<std::string>(levels, "UpDecoderBlock2D")}};
}

nlohmann::json infer_text_config(const std::string& file, const ComponentTensors& tensors, bool open_clip) {
  const Shapes shapes{file, tensors};
  const std::string embeddings = "text_model.embeddings.";
  const auto width = shapes.extent(embeddings + "token_embedding.weight", 1);
  const auto vocabulary = shapes.extent(embeddings + "token_embedding.weight", 0);
  if (width < 64 || width % 64 != 0) {
    throw invalid_input(fmt::format(
        "{}: cannot tell the heads of a text encoder of width {}; put text_encoder/config.json beside it",
        file, width));
  }
  const int layers = count(
      [&](int n) { return shapes.has(fmt::format("text_model.encoder.layers.{}.layer_norm1.weight", n)); });
  const bool sums_up = shapes.has("text_projection.weight");
  nlohmann::json config = {
      {"architectures", {sums_up ? "CLIPTextModelWithProjection" : "CLIPTextModel"}},
      {"bos_token_id", vocabulary - 2},
      {"eos_token_id", vocabulary - 1},
      {"hidden_act", open_clip ? "gelu" : "quick_gelu"},
      {"hidden_size", width},
      {"intermediate_size", shapes.extent("text_model.encoder.layers.0.mlp.fc1.weight", 0)},
      {"layer_norm_eps", 1e-5},
      {"max_position_embeddings", shapes.extent(embeddings + "position_embedding.weight", 0)},
      {"model_type", "clip_text_model"},
      {"num_attention_heads", width / 64},
      {"num_hidden_layers", layers},
      {"vocab_size", vocabulary}};
  if (sums_up) config["projection_dim"] = shapes.extent("text_projection.weight", 0);
  return config;
}

nlohmann::json infer_low_res_scheduler_config() {
  return {{"_class_name", "DDPMScheduler"},
          {"beta_end", 0.02},
          {"beta_schedule", "scaled_linear"},
          {"beta_start", 0.0001},
          {"num_train_timesteps", 1000}};
}

nlohmann::json infer_scheduler_config(Generation generation) {
  if (generation == Generation::upscaling) {
    auto config = infer_low_res_scheduler_config();
    config.update({{"_class_name", "DDIMScheduler"},
                   {"clip_sample", false},
                   {"prediction_type", "v_prediction"},
                   {"set_alpha_to_one", false},
                   {"steps_offset", 1}});
    return config;
  }
  const bool is_sdxl = is_told_sizes(generation);
  return {{"_class_name", is_sdxl ? "EulerDiscreteScheduler" : "PNDMScheduler"},
          {"beta_end", 0.012},
          {"beta_schedule", "scaled_linear"},
          {"beta_start", 0.00085},
          {"clip_sample", false},
          {"num_train_timesteps", 1000},
          {"prediction_type", generation == Generation::sd1 || is_sdxl ? "epsilon" : "v_prediction"},
          {"set_alpha_to_one", false},
          {"skip_prk_steps", true},
          {"steps_offset", 1},
          {"timestep_spacing", "leading"},
          {"trained_betas", nullptr}};
}

}  // namespace latentdial::detail
