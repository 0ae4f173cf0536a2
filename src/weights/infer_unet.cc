#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "latentdial/error.h"
#include "text/quote.h"
#include "weights/infer_config.h"

namespace latentdial::detail {
namespace {

constexpr int kMostBlocks = 64;

int count_blocks(const StoredTensors& tensors, const char* prefix) {
  int n = 0;
  while (n < kMostBlocks && has_prefix(tensors, fmt::format("{}.{}.", prefix, n))) ++n;
  return n;
}

// Transformer blocks in the first attention of every level; 1 where there is none, as diffusers writes it.
nlohmann::json transformer_depths(const ComponentTensors& tensors, const KeyLayout& layout) {
  std::vector<int> depths;
  for (int i = 0; i < layout.levels; ++i) {
    int depth = 0;
    while (depth < kMostBlocks &&
           tensors.contains(fmt::format("down_blocks.{}.attentions.0.transformer_blocks.{}.attn2.to_k.weight",
                                        i, depth))) {
      ++depth;
    }
    depths.push_back(std::max(depth, 1));
  }
  const bool alike = std::ranges::all_of(depths, [&](int depth) { return depth == depths.front(); });
  return alike ? nlohmann::json(depths.front()) : nlohmann::json(depths);
}

nlohmann::json heads(const std::string& file, const std::vector<std::int64_t>& channels,
                     Generation generation) {
  const std::int64_t divisor = generation == Generation::sd1 ? 8 : 64;
  nlohmann::json counts = nlohmann::json::array();
  for (const auto c : channels) {
    if (c % divisor != 0 || c == 0) {
      throw invalid_input(fmt::format(
          "{}: cannot tell the attention heads of {} channels; put unet/config.json beside it", file, c));
    }
    counts.push_back(c / divisor);
  }
  // diffusers' "attention_head_dim" is, for historical reasons, the number of heads.
  return generation == Generation::sd1 ? nlohmann::json(8) : counts;
}

}  // namespace

KeyLayout unet_layout(const std::string& file, const StoredTensors& tensors) {
  const int blocks = count_blocks(tensors, "input_blocks");
  int per_level = 1;
  while (per_level < blocks && !has_prefix(tensors, fmt::format("input_blocks.{}.0.op.", per_level)))
    ++per_level;
  KeyLayout layout;
  layout.layers = per_level - 1;
  layout.levels = blocks / per_level;
  if (layout.layers < 1 || blocks % per_level != 0 || count_blocks(tensors, "output_blocks") != blocks) {
    throw invalid_input(
        fmt::format("{}: its U-Net has {} input and {} output blocks, which no Stable Diffusion 1 or 2 has",
                    file, blocks, count_blocks(tensors, "output_blocks")));
  }
  for (int i = 0; i < layout.levels; ++i) {
    layout.attention.push_back(has_prefix(tensors, fmt::format("input_blocks.{}.1.", 1 + i * per_level)));
  }
  return layout;
}

nlohmann::json infer_unet_config(const std::string& file, const ComponentTensors& tensors,
                                 const KeyLayout& layout, Generation generation) {
  std::vector<std::int64_t> channels;
  nlohmann::json down = nlohmann::json::array();
  nlohmann::json up = nlohmann::json::array();
  for (int i = 0; i < layout.levels; ++i) {
    const bool attention = layout.attention[static_cast<std::size_t>(i)];
    channels.push_back(extent(file, tensors, fmt::format("down_blocks.{}.resnets.0.conv1.weight", i), 0));
    down.push_back(attention ? "CrossAttnDownBlock2D" : "DownBlock2D");
    up.insert(up.begin(), attention ? "CrossAttnUpBlock2D" : "UpBlock2D");
  }
  const std::string mid = "mid_block.attentions.0.";
  const auto width = extent(file, tensors, mid + "transformer_blocks.0.attn2.to_k.weight", 1);
  const auto proj_in = find_tensor(file, tensors, mid + "proj_in.weight");
  return {{"_class_name", "UNet2DConditionModel"},
          {"act_fn", "silu"},
          {"attention_head_dim", heads(file, channels, generation)},
          {"block_out_channels", channels},
          {"center_input_sample", false},
          {"cross_attention_dim", width},
          {"down_block_types", down},
          {"downsample_padding", 1},
          {"flip_sin_to_cos", true},
          {"freq_shift", 0},
          {"in_channels", extent(file, tensors, "conv_in.weight", 1)},
          {"layers_per_block", layout.layers},
          {"mid_block_scale_factor", 1},
          {"mid_block_type", "UNetMidBlock2DCrossAttn"},
          {"norm_eps", 1e-5},
          {"norm_num_groups", 32},
          {"out_channels", extent(file, tensors, "conv_out.weight", 0)},
          {"sample_size", generation == Generation::sd1 ? 64 : 96},
          {"transformer_layers_per_block", transformer_depths(tensors, layout)},
          {"up_block_types", up},
          {"use_linear_projection", proj_in.rank() == 2}};
}

nlohmann::json infer_scheduler_config(Generation generation) {
  return {{"_class_name", "PNDMScheduler"},
          {"beta_end", 0.012},
          {"beta_schedule", "scaled_linear"},
          {"beta_start", 0.00085},
          {"clip_sample", false},
          {"num_train_timesteps", 1000},
          {"prediction_type", generation == Generation::sd1 ? "epsilon" : "v_prediction"},
          {"set_alpha_to_one", false},
          {"skip_prk_steps", true},
          {"steps_offset", 1},
          {"timestep_spacing", "leading"},
          {"trained_betas", nullptr}};
}

}  // namespace latentdial::detail
