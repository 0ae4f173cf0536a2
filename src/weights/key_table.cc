#include "weights/key_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <utility>

namespace latentdial::detail {
namespace {

// One row per kind of key; what follows the named module (".weight", ".transformer_blocks.0.…") is the same
// on both sides. {i} level, {j} layer on the way down, {k} on the way up (one more), {n} text layer, {half}
// encoder or decoder, {down} {down_end} {up} {up_end} CompVis' flat block numbers, {upsampler} its place
// after ResNet and transformer, {reversed} the level counted from the other end, {resnet} the parts below.
struct KeyRow {
  std::string_view diffusers;
  std::string_view other;
};

constexpr KeyRow kUnet[] = {
    {"time_embedding.linear_1", "time_embed.0"},
    {"time_embedding.linear_2", "time_embed.2"},
    {"add_embedding.linear_1", "label_emb.0.0"},
    {"add_embedding.linear_2", "label_emb.0.2"},
    {"class_embedding", "label_emb"},
    {"conv_in", "input_blocks.0.0"},
    {"down_blocks.{i}.resnets.{j}.{resnet}", "input_blocks.{down}.0.{resnet}"},
    {"down_blocks.{i}.attentions.{j}", "input_blocks.{down}.1"},
    {"down_blocks.{i}.downsamplers.0.conv", "input_blocks.{down_end}.0.op"},
    {"mid_block.resnets.0.{resnet}", "middle_block.0.{resnet}"},
    {"mid_block.attentions.0", "middle_block.1"},
    {"mid_block.resnets.1.{resnet}", "middle_block.2.{resnet}"},
    {"up_blocks.{i}.resnets.{k}.{resnet}", "output_blocks.{up}.0.{resnet}"},
    {"up_blocks.{i}.attentions.{k}", "output_blocks.{up}.1"},
    {"up_blocks.{i}.upsamplers.0.conv", "output_blocks.{up_end}.{upsampler}.conv"},
    {"conv_norm_out", "out.0"},
    {"conv_out", "out.2"},
};

constexpr KeyRow kUnetResnet[] = {
    {"norm1", "in_layers.0"},  {"conv1", "in_layers.2"},  {"time_emb_proj", "emb_layers.1"},
    {"norm2", "out_layers.0"}, {"conv2", "out_layers.3"}, {"conv_shortcut", "skip_connection"},
};

constexpr KeyRow kVae[] = {
    {"{half}.conv_in", "{half}.conv_in"},
    {"encoder.down_blocks.{i}.resnets.{j}.{resnet}", "encoder.down.{i}.block.{j}.{resnet}"},
    {"encoder.down_blocks.{i}.downsamplers.0.conv", "encoder.down.{i}.downsample.conv"},
    {"{half}.mid_block.resnets.0.{resnet}", "{half}.mid.block_1.{resnet}"},
    {"{half}.mid_block.attentions.0.group_norm", "{half}.mid.attn_1.norm"},
    {"{half}.mid_block.attentions.0.to_q", "{half}.mid.attn_1.q"},
    {"{half}.mid_block.attentions.0.to_k", "{half}.mid.attn_1.k"},
    {"{half}.mid_block.attentions.0.to_v", "{half}.mid.attn_1.v"},
    {"{half}.mid_block.attentions.0.to_out.0", "{half}.mid.attn_1.proj_out"},
    // What converters left half done.
    {"{half}.mid_block.attentions.0.group_norm", "{half}.mid.attn_1.group_norm"},
    {"{half}.mid_block.attentions.0.to_q", "{half}.mid.attn_1.to_q"},
    {"{half}.mid_block.attentions.0.to_k", "{half}.mid.attn_1.to_k"},
    {"{half}.mid_block.attentions.0.to_v", "{half}.mid.attn_1.to_v"},
    {"{half}.mid_block.attentions.0.to_out.0", "{half}.mid.attn_1.to_out.0"},
    {"{half}.mid_block.attentions.0.to_q", "{half}.mid.attn_1.query"},
    {"{half}.mid_block.attentions.0.to_k", "{half}.mid.attn_1.key"},
    {"{half}.mid_block.attentions.0.to_v", "{half}.mid.attn_1.value"},
    {"{half}.mid_block.attentions.0.to_out.0", "{half}.mid.attn_1.proj_attn"},
    {"{half}.mid_block.resnets.1.{resnet}", "{half}.mid.block_2.{resnet}"},
    {"decoder.up_blocks.{i}.resnets.{k}.{resnet}", "decoder.up.{reversed}.block.{k}.{resnet}"},
    {"decoder.up_blocks.{i}.upsamplers.0.conv", "decoder.up.{reversed}.upsample.conv"},
    {"{half}.conv_norm_out", "{half}.norm_out"},
    {"{half}.conv_out", "{half}.conv_out"},
    {"quant_conv", "quant_conv"},
    {"post_quant_conv", "post_quant_conv"},
};

constexpr KeyRow kVaeResnet[] = {
    {"norm1", "norm1"},
    {"conv1", "conv1"},
    {"norm2", "norm2"},
    {"conv2", "conv2"},
    {"conv_shortcut", "nin_shortcut"},
};

constexpr KeyRow kHalves[] = {{"encoder", "encoder"}, {"decoder", "decoder"}};
constexpr KeyRow kFused[] = {
    {"q_proj", ""}, {"k_proj", ""}, {"v_proj", ""}};  // One matrix on the other side.

constexpr KeyRow kOldDiffusersVae[] = {
    {"{half}.mid_block.attentions.0.to_q", "{half}.mid_block.attentions.0.query"},
    {"{half}.mid_block.attentions.0.to_k", "{half}.mid_block.attentions.0.key"},
    {"{half}.mid_block.attentions.0.to_v", "{half}.mid_block.attentions.0.value"},
    {"{half}.mid_block.attentions.0.to_out.0", "{half}.mid_block.attentions.0.proj_attn"},
};

constexpr KeyRow kClipText[] = {
    {"text_model.embeddings", "transformer.text_model.embeddings"},
    {"text_model.encoder", "transformer.text_model.encoder"},
    {"text_model.final_layer_norm", "transformer.text_model.final_layer_norm"},
    {"text_model.embeddings", "transformer.embeddings"},
    {"text_model.encoder", "transformer.encoder"},
    {"text_model.final_layer_norm", "transformer.final_layer_norm"},
};

constexpr KeyRow kBareText[] = {
    {"text_model.embeddings", "embeddings"},
    {"text_model.encoder", "encoder"},
    {"text_model.final_layer_norm", "final_layer_norm"},
};

constexpr KeyRow kOpenClipText[] = {
    {"text_model.embeddings.token_embedding", "model.token_embedding"},
    {"text_model.embeddings.position_embedding.weight", "model.positional_embedding"},
    {"text_model.encoder.layers.{n}.layer_norm1", "model.transformer.resblocks.{n}.ln_1"},
    {"text_model.encoder.layers.{n}.self_attn.{qkv}.weight",
     "model.transformer.resblocks.{n}.attn.in_proj_weight"},
    {"text_model.encoder.layers.{n}.self_attn.{qkv}.bias",
     "model.transformer.resblocks.{n}.attn.in_proj_bias"},
    {"text_model.encoder.layers.{n}.self_attn.out_proj", "model.transformer.resblocks.{n}.attn.out_proj"},
    {"text_model.encoder.layers.{n}.layer_norm2", "model.transformer.resblocks.{n}.ln_2"},
    {"text_model.encoder.layers.{n}.mlp.fc1", "model.transformer.resblocks.{n}.mlp.c_fc"},
    {"text_model.encoder.layers.{n}.mlp.fc2", "model.transformer.resblocks.{n}.mlp.c_proj"},
    {"text_model.final_layer_norm", "model.ln_final"},
    {"text_projection.weight", "model.text_projection"},
};

// Beginnings of names.
constexpr std::string_view kIgnored[] = {
    "model_ema.",
    "alphas_cumprod",
    "betas",
    "sqrt_",
    "log_one_minus_alphas_cumprod",
    "posterior_",
    "lvlb_weights",
    "logvar",
    "scale_factor",
    "first_stage_model.loss.",
    "cond_stage_model.transformer.text_model.embeddings.position_ids",
    "cond_stage_model.transformer.embeddings.position_ids",
    "vision_model.embeddings.position_ids",
    "cond_stage_model.model.text_projection",
    "cond_stage_model.model.logit_scale",
    "cond_stage_model.model.attn_mask",
    "conditioner.embedders.0.transformer.text_model.embeddings.position_ids",
    "conditioner.embedders.1.model.logit_scale",
    "conditioner.embedders.1.model.attn_mask",
    "conditioner.embedders.0.model.logit_scale",
    "conditioner.embedders.0.model.attn_mask",
    "denoiser.sigmas",
    "text_model.embeddings.position_ids",
    "embeddings.position_ids",
    "text_projection.",
    "logit_scale",
};

// In the order of KeyFamily.
constexpr std::span<const KeyRow> kRows[] = {kUnet,     kVae,     kClipText, kOpenClipText, kOldDiffusersVae,
                                             kBareText, kBareText};

// A row on its way to having no placeholder left.
struct Pair {
  std::string diffusers;
  std::string other;
  int i = 0;
  int layer = 0;
  int third = -1;
};

void substitute(std::string& pattern, std::string_view token, std::string_view value) {
  for (auto at = pattern.find(token); at != std::string::npos; at = pattern.find(token, at + value.size())) {
    pattern.replace(at, token.size(), value);
  }
}

// 0 … n − 1, alike on both sides.
std::vector<std::pair<std::string, std::string>> numbers(int n) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (int i = 0; i < n; ++i) texts.emplace_back(std::to_string(i), std::to_string(i));
  return texts;
}

// Makes of every pair one for each spelling of the placeholder, and numbers them in `field`.
template <class Spellings>
void spell(std::vector<Pair>& pairs, std::string_view token, const Spellings& spellings,
           int Pair::*field = nullptr) {
  if (pairs.empty() || pairs.front().diffusers.find(token) == std::string::npos) return;
  std::vector<Pair> spelled;
  for (const Pair& pair : pairs) {
    int number = 0;
    for (const auto& [diffusers, other] : spellings) {
      Pair& one = spelled.emplace_back(pair);
      substitute(one.diffusers, token, diffusers);
      substitute(one.other, token, other);
      if (field != nullptr) one.*field = number++;
    }
  }
  pairs = std::move(spelled);
}

// CompVis numbers its blocks through: conv_in, then per level `layers` blocks and a downsampler; on the way
// up `layers` + 1 blocks a level, the upsampler sitting inside the last.
void spell_block_numbers(Pair& pair, const KeyLayout& layout) {
  const int per_level = layout.layers + 1;
  const int reversed = layout.levels - 1 - pair.i;
  const auto level = static_cast<std::size_t>(std::max(reversed, 0));
  const bool attention = level < layout.attention.size() && layout.attention[level];
  substitute(pair.other, "{down}", std::to_string(1 + pair.i * per_level + pair.layer));
  substitute(pair.other, "{down_end}", std::to_string((pair.i + 1) * per_level));
  substitute(pair.other, "{up}", std::to_string(pair.i * per_level + pair.layer));
  substitute(pair.other, "{up_end}", std::to_string((pair.i + 1) * per_level - 1));
  substitute(pair.other, "{upsampler}", attention ? "2" : "1");
  substitute(pair.other, "{reversed}", std::to_string(reversed));
}

std::vector<Pair> expand(const KeyRow& row, KeyFamily family, const KeyLayout& layout) {
  std::vector<Pair> pairs{{std::string(row.diffusers), std::string(row.other)}};
  spell(pairs, "{i}", numbers(layout.levels), &Pair::i);
  spell(pairs, "{j}", numbers(layout.layers), &Pair::layer);
  spell(pairs, "{k}", numbers(layout.layers + 1), &Pair::layer);
  spell(pairs, "{n}", numbers(layout.text_layers), &Pair::layer);
  spell(pairs, "{half}", kHalves);
  spell(pairs, "{resnet}",
        family == KeyFamily::compvis_unet ? std::span<const KeyRow>(kUnetResnet) : kVaeResnet);
  spell(pairs, "{qkv}", kFused, &Pair::third);
  for (Pair& pair : pairs) spell_block_numbers(pair, layout);
  return pairs;
}

// The entry for the longest run of whole words (between dots) that `key` begins with.
template <class Map>
auto find_module(const Map& map, std::string_view key) {
  for (auto length = key.size(); length != std::string_view::npos; length = key.rfind('.', length - 1)) {
    const auto found = map.find(key.substr(0, length));
    if (found != map.end() || length == 0) return found;
  }
  return map.end();
}

}  // namespace

KeyTable::KeyTable(KeyFamily family, const KeyLayout& layout) {
  for (const auto& row : kRows[static_cast<std::size_t>(family)]) {
    for (auto& pair : expand(row, family, layout)) {
      from_diffusers_.emplace(pair.diffusers, pair.other);
      to_diffusers_[pair.other].push_back({std::move(pair.diffusers), pair.third});
    }
  }
}

std::vector<KeyTarget> KeyTable::to_diffusers(std::string_view key) const {
  const auto found = find_module(to_diffusers_, key);
  if (found == to_diffusers_.end()) return {};
  auto targets = found->second;
  for (auto& target : targets) target.name += key.substr(found->first.size());
  return targets;
}

std::string KeyTable::from_diffusers(std::string_view name) const {
  const auto found = find_module(from_diffusers_, name);
  return found == from_diffusers_.end() ? "" : found->second + std::string(name.substr(found->first.size()));
}

bool is_ignored_key(std::string_view key) {
  return std::ranges::any_of(kIgnored,
                             [&](std::string_view beginning) { return key.starts_with(beginning); });
}

bool is_ignored_key(std::string_view key, KeyFamily family) {
  const bool is_projection = family == KeyFamily::summing_text && key.starts_with("text_projection.");
  return is_ignored_key(key) && !is_projection;
}

}  // namespace latentdial::detail
