#include "models/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "latentdial/error.h"

namespace latentdial::detail::models {
namespace {

constexpr std::int64_t kLargest = 1 << 20;
constexpr std::int64_t kLargestSeen = 1024;  // Side of what an image encoder sees, in pixels.

/// Reads the fields of one config.json and says which one is at fault.
class Fields {
 public:
  Fields(const nlohmann::json& json, std::string_view model) : json_(json), model_(model) {
    if (!json.is_object()) throw invalid_input(fmt::format("{} config: a JSON object is needed", model));
  }

  [[nodiscard]] std::int64_t positive(const char* field, std::int64_t fallback) const {
    return given(field) ? positive(field, json_.at(field)) : fallback;
  }

  /// A number for all levels, or a list with one for each.
  [[nodiscard]] std::vector<std::int64_t> per_level(const char* field, std::size_t levels,
                                                    std::int64_t fallback) const {
    if (!given(field)) return std::vector(levels, fallback);
    const auto& value = json_.at(field);
    if (!value.is_array()) return std::vector(levels, positive(field, value));
    auto list = positives(field, {});
    if (list.size() != levels) fail(field, fmt::format("a list of {} numbers", levels));
    return list;
  }

  /// For each level a list with a depth for each of its `transformers`: a number stands for all of them.
  [[nodiscard]] std::vector<std::vector<std::int64_t>> depths(const char* field, std::size_t levels,
                                                              std::size_t transformers) const {
    std::vector<std::vector<std::int64_t>> result(levels, std::vector<std::int64_t>(transformers, 1));
    if (!given(field)) return result;
    const auto& value = json_.at(field);
    if (value.is_array() && value.size() != levels) fail(field, fmt::format("a list of {} levels", levels));
    for (std::size_t i = 0; i < levels; ++i) {
      const auto& level = value.is_array() ? value[i] : value;
      if (level.is_array() && level.size() != transformers)
        fail(field, fmt::format("a number or a list of {} numbers for each level", transformers));
      for (std::size_t j = 0; j < transformers; ++j)
        result[i][j] = positive(field, level.is_array() ? level[j] : level);
    }
    return result;
  }

  /// Whether a field is a list that holds lists.
  [[nodiscard]] bool is_nested(const char* field) const {
    return given(field) && json_.at(field).is_array() &&
           std::ranges::any_of(json_.at(field), [](const auto& one) { return one.is_array(); });
  }

  /// Whether a field says null, where leaving it out means something else.
  [[nodiscard]] bool is_null(const char* field) const {
    return json_.contains(field) && json_.at(field).is_null();
  }

  [[nodiscard]] bool given(const char* field) const {
    return json_.contains(field) && !json_.at(field).is_null();
  }

  /// A number for all levels, which a list must repeat.
  [[nodiscard]] std::int64_t one_for_all(const char* field, std::size_t levels, std::int64_t fallback) const {
    const auto list = per_level(field, levels, fallback);
    if (std::ranges::adjacent_find(list, std::not_equal_to<>()) != list.end())
      fail(field, "one number for all levels");
    return list.front();
  }

  [[nodiscard]] std::vector<std::int64_t> positives(const char* field,
                                                    std::vector<std::int64_t> fallback) const {
    if (!given(field)) return fallback;
    const auto& value = json_.at(field);
    if (!value.is_array() || value.empty() || value.size() > 8) fail(field, "a list of 1 to 8 numbers");
    std::vector<std::int64_t> list;
    for (const auto& entry : value) list.push_back(positive(field, entry));
    return list;
  }

  [[nodiscard]] float number(const char* field, float fallback) const {
    if (!given(field)) return fallback;
    if (!json_.at(field).is_number()) fail(field, "a number");
    return json_.at(field).get<float>();
  }

  /// false for all levels, or a list with one for each.
  [[nodiscard]] std::vector<bool> flags(const char* field, std::size_t levels) const {
    if (!given(field) || json_.at(field) == false) return std::vector(levels, false);
    const auto& value = json_.at(field);
    const bool fits = value.is_array() && value.size() == levels &&
                      std::ranges::all_of(value, [](const auto& one) { return one.is_boolean(); });
    if (!fits) fail(field, fmt::format("false or a list of {} times true or false", levels));
    return value.get<std::vector<bool>>();
  }

  [[nodiscard]] bool flag(const char* field, bool fallback) const {
    if (!given(field)) return fallback;
    if (!json_.at(field).is_boolean()) fail(field, "true or false");
    return json_.at(field).get<bool>();
  }

  [[nodiscard]] std::string text(const char* field, const char* fallback) const {
    if (!given(field)) return fallback;
    if (!json_.at(field).is_string()) fail(field, "a text");
    return json_.at(field).get<std::string>();
  }

  [[nodiscard]] std::vector<std::string> texts(const char* field, std::vector<std::string> fallback) const {
    if (!given(field)) return fallback;
    const auto& value = json_.at(field);
    const bool all_texts = value.is_array() && std::all_of(value.begin(), value.end(),
                                                           [](const auto& v) { return v.is_string(); });
    if (!all_texts) fail(field, "a list of texts");
    return value.get<std::vector<std::string>>();
  }

  /// Throws unless the field is absent, null, or one of `supported`.
  void only(const char* field, std::initializer_list<nlohmann::json> supported) const {
    if (!given(field)) return;
    if (std::find(supported.begin(), supported.end(), json_.at(field)) != supported.end()) return;
    std::vector<std::string> names;
    for (const auto& value : supported) names.push_back(value.dump());
    fail(field, names.empty() ? "null" : fmt::format("{}", fmt::join(names, " or ")));
  }

  [[noreturn]] void fail(const char* field, const std::string& wanted) const {
    const auto found = json_.contains(field) ? json_.at(field).dump() : "nothing";
    throw invalid_input(
        fmt::format("{} config: \"{}\" is {}, but {} is needed", model_, field, found.substr(0, 80), wanted));
  }

 private:
  [[nodiscard]] std::int64_t positive(const char* field, const nlohmann::json& value) const {
    const bool whole =
        value.is_number_integer() && value.get<std::int64_t>() > 0 && value.get<std::int64_t>() <= kLargest;
    if (!whole) fail(field, fmt::format("a whole number from 1 to {}", kLargest));
    return value.get<std::int64_t>();
  }

  const nlohmann::json& json_;
  std::string_view model_;
};

/// What both of CLIP's encoders have.
template <class Config>
void read_clip_layers(const Fields& fields, Config& c) {
  c.hidden_size = fields.positive("hidden_size", c.hidden_size);
  c.intermediate_size = fields.positive("intermediate_size", c.intermediate_size);
  c.num_hidden_layers = fields.positive("num_hidden_layers", c.num_hidden_layers);
  c.num_attention_heads = fields.positive("num_attention_heads", c.num_attention_heads);
  c.layer_norm_eps = fields.number("layer_norm_eps", c.layer_norm_eps);
  fields.only("hidden_act", {"quick_gelu", "gelu"});
  c.hidden_act =
      fields.text("hidden_act", "quick_gelu") == "gelu" ? ops::Activation::gelu : ops::Activation::quick_gelu;
  if (c.hidden_size % c.num_attention_heads != 0)
    fields.fail("num_attention_heads", "a divisor of hidden_size");
}

void check_groups(const Fields& fields, const std::vector<std::int64_t>& channels, std::int64_t groups) {
  const bool fits = std::all_of(channels.begin(), channels.end(), [&](auto c) { return c % groups == 0; });
  if (!fits) fields.fail("norm_num_groups", "a divisor of every entry of block_out_channels");
}

/// Which levels have cross-attention; up blocks must mirror the down blocks.
std::vector<bool> cross_attention_levels(const Fields& fields, std::size_t levels) {
  std::vector<std::string> standard_down(levels, "CrossAttnDownBlock2D");
  std::vector<std::string> standard_up(levels, "CrossAttnUpBlock2D");
  standard_down.back() = "DownBlock2D";
  standard_up.front() = "UpBlock2D";
  const auto down = fields.texts("down_block_types", standard_down);
  const auto up = fields.texts("up_block_types", standard_up);
  if (down.size() != levels) fields.fail("down_block_types", fmt::format("a list of {} texts", levels));
  if (up.size() != levels) fields.fail("up_block_types", fmt::format("a list of {} texts", levels));
  std::vector<bool> result;
  for (std::size_t i = 0; i < levels; ++i) {
    const bool attention = down[i] == "CrossAttnDownBlock2D";
    if (!attention && down[i] != "DownBlock2D") {
      fields.fail("down_block_types", "a list of \"CrossAttnDownBlock2D\" and \"DownBlock2D\"");
    }
    if (up[levels - 1 - i] != (attention ? "CrossAttnUpBlock2D" : "UpBlock2D")) {
      fields.fail("up_block_types", "the mirror image of down_block_types");
    }
    result.push_back(attention);
  }
  return result;
}

void check_supported(const Fields& fields) {
  fields.only("mid_block_type", {"UNetMidBlock2DCrossAttn", "UNetMidBlock2D"});
  fields.only("act_fn", {"silu", "swish"});
  fields.only("resnet_time_scale_shift", {"default"});
  fields.only("time_embedding_type", {"positional"});
  fields.only("downsample_padding", {1});
  fields.only("conv_in_kernel", {3});
  fields.only("conv_out_kernel", {3});
  fields.only("mid_block_scale_factor", {1, 1.0});
  for (const char* switched_off : {"center_input_sample", "dual_cross_attention", "class_embeddings_concat",
                                   "mid_block_only_cross_attention"}) {
    fields.only(switched_off, {false});
  }
  fields.only("addition_embed_type", {"text_time"});
  fields.only("class_embed_type", {"projection"});
  for (const char* absent :
       {"encoder_hid_dim", "encoder_hid_dim_type", "time_cond_proj_dim", "timestep_post_act"}) {
    fields.only(absent, {});
  }
}

MidBlock mid_block(const Fields& fields) {
  if (fields.is_null("mid_block_type")) return MidBlock::none;
  const bool plain = fields.text("mid_block_type", "UNetMidBlock2DCrossAttn") == "UNetMidBlock2D";
  return plain ? MidBlock::resnet : MidBlock::cross_attention;
}

/// How deep the transformers are on both ways and between them.
void read_depths(const Fields& fields, UNetConfig& c) {
  constexpr auto kDown = "transformer_layers_per_block", kUp = "reverse_transformer_layers_per_block";
  constexpr std::int64_t kMostLayers = 64;
  if (c.layers_per_block > kMostLayers)
    fields.fail("layers_per_block", fmt::format("a whole number from 1 to {}", kMostLayers));
  const auto levels = c.block_out_channels.size(), layers = static_cast<std::size_t>(c.layers_per_block);
  c.down_depths = fields.depths(kDown, levels, layers);
  c.mid_block = mid_block(fields);
  c.mid_depth = c.down_depths.back().front();
  c.up_depths = fields.depths(kUp, levels, layers + 1);  // The lowest resolution first.
  std::ranges::reverse(c.up_depths);
  if (fields.given(kUp)) return;
  if (fields.is_nested(kDown)) fields.fail(kUp, "a list, since the way down has one for each transformer");
  for (std::size_t i = 0; i < levels; ++i) c.up_depths[i].assign(layers + 1, c.down_depths[i].front());
}

/// What it is told beside the timestep.
void read_addition(const Fields& fields, UNetConfig& c) {
  if (fields.text("addition_embed_type", "").empty()) return;
  c.addition_time_embed_dim = fields.positive("addition_time_embed_dim", 256);
  // In diffusers a field of the pipeline: the shapes alone do not tell.
  if (fields.flag("requires_aesthetics_score", false)) c.told_numbers = kToldSizesAndScore;
  const auto width = fields.positive("projection_class_embeddings_input_dim", 2816);
  c.pooled_text_dim = width - c.told_numbers * c.addition_time_embed_dim;
  if (c.num_class_embeds > 0) fields.fail("num_class_embeds", "null beside \"addition_embed_type\"");
  if (c.pooled_text_dim < 1)
    fields.fail("projection_class_embeddings_input_dim",
                fmt::format("more than {} times addition_time_embed_dim", c.told_numbers));
}

/// What it is told of a picture.
void read_told_picture(const Fields& fields, UNetConfig& c) {
  constexpr auto kWidth = "projection_class_embeddings_input_dim";
  if (fields.text("class_embed_type", "").empty()) return;
  for (const char* other : {"num_class_embeds", "addition_embed_type"})
    if (fields.given(other)) fields.fail(other, "null beside \"class_embed_type\"");
  if (!fields.given(kWidth)) fields.fail(kWidth, "a number beside \"class_embed_type\"");
  c.told_picture_dim = fields.positive(kWidth, 0);
}

}  // namespace

TextConfig TextConfig::from_json(const nlohmann::json& config) {
  const Fields fields(config, "text_encoder");
  TextConfig c;
  c.vocab_size = fields.positive("vocab_size", c.vocab_size);
  c.max_position_embeddings = fields.positive("max_position_embeddings", c.max_position_embeddings);
  c.projection_dim = fields.positive("projection_dim", c.projection_dim);
  read_clip_layers(fields, c);
  return c;
}

VisionConfig VisionConfig::from_json(const nlohmann::json& config) {
  const Fields fields(config, "image_encoder");
  VisionConfig c;
  fields.only("num_channels", {3});
  c.image_size = fields.positive("image_size", c.image_size);
  c.patch_size = fields.positive("patch_size", c.patch_size);
  c.projection_dim = fields.positive("projection_dim", c.projection_dim);
  read_clip_layers(fields, c);
  if (c.image_size > kLargestSeen) fields.fail("image_size", fmt::format("at most {}", kLargestSeen));
  if (c.patch_size > c.image_size) fields.fail("patch_size", "at most image_size");
  return c;
}

UNetConfig UNetConfig::from_json(const nlohmann::json& config) {
  const Fields fields(config, "unet");
  check_supported(fields);
  UNetConfig c;
  c.sample_size = fields.positive("sample_size", c.sample_size);
  c.in_channels = fields.positive("in_channels", c.in_channels);
  c.out_channels = fields.positive("out_channels", c.out_channels);
  c.block_out_channels = fields.positives("block_out_channels", c.block_out_channels);
  const auto levels = c.block_out_channels.size();
  c.cross_attention = cross_attention_levels(fields, levels);
  // diffusers' "attention_head_dim" holds the number of heads, a naming slip that every SD config has
  // inherited.
  c.num_attention_heads = fields.per_level("num_attention_heads", levels, 0);
  if (c.num_attention_heads[0] == 0)
    c.num_attention_heads = fields.per_level("attention_head_dim", levels, 8);
  for (std::size_t i = 0; i < levels; ++i) {
    if (c.block_out_channels[i] % c.num_attention_heads[i] != 0) {
      fields.fail("attention_head_dim", "a divisor of block_out_channels at every level");
    }
  }
  c.layers_per_block = fields.one_for_all("layers_per_block", levels, c.layers_per_block);
  read_depths(fields, c);
  c.only_cross_attention = fields.flags("only_cross_attention", levels);
  c.cross_attention_dim = fields.positive("cross_attention_dim", c.cross_attention_dim);
  c.num_class_embeds = fields.positive("num_class_embeds", 0);
  read_addition(fields, c);
  read_told_picture(fields, c);
  c.norm_num_groups = fields.positive("norm_num_groups", c.norm_num_groups);
  check_groups(fields, c.block_out_channels, c.norm_num_groups);
  c.norm_eps = fields.number("norm_eps", c.norm_eps);
  c.flip_sin_to_cos = fields.flag("flip_sin_to_cos", c.flip_sin_to_cos);
  c.freq_shift = fields.number("freq_shift", c.freq_shift);
  return c;
}

AutoencoderConfig AutoencoderConfig::from_json(const nlohmann::json& config) {
  const Fields fields(config, "vae");
  fields.only("act_fn", {"silu", "swish"});
  fields.only("mid_block_add_attention", {true});
  fields.only("shift_factor", {0, 0.0});
  AutoencoderConfig c;
  c.in_channels = fields.positive("in_channels", c.in_channels);
  c.out_channels = fields.positive("out_channels", c.out_channels);
  c.latent_channels = fields.positive("latent_channels", c.latent_channels);
  c.block_out_channels = fields.positives("block_out_channels", c.block_out_channels);
  c.layers_per_block = fields.positive("layers_per_block", c.layers_per_block);
  c.norm_num_groups = fields.positive("norm_num_groups", c.norm_num_groups);
  check_groups(fields, c.block_out_channels, c.norm_num_groups);
  c.sample_size = fields.positive("sample_size", c.sample_size);
  c.scaling_factor = fields.number("scaling_factor", c.scaling_factor);
  if (!(c.scaling_factor > 0)) fields.fail("scaling_factor", "a positive number");
  c.use_quant_conv = fields.flag("use_quant_conv", true);
  c.use_post_quant_conv = fields.flag("use_post_quant_conv", true);
  return c;
}

TinyDecoderConfig TinyDecoderConfig::from_json(const nlohmann::json& config) {
  const Fields fields(config, "TAESD");
  fields.only("_class_name", {"AutoencoderTiny"});
  fields.only("act_fn", {"relu"});
  fields.only("upsample_fn", {"nearest"});
  fields.only("upsampling_scaling_factor", {2});
  fields.only("out_channels", {3});
  fields.only("scaling_factor", {1, 1.0});
  fields.only("shift_factor", {0, 0.0});
  TinyDecoderConfig c;
  c.latent_channels = fields.positive("latent_channels", c.latent_channels);
  c.blocks = fields.positives("num_decoder_blocks", c.blocks);
  c.channels = fields.one_for_all("decoder_block_out_channels", c.blocks.size(), c.channels);
  return c;
}

UpscalerConfig UpscalerConfig::from_json(const nlohmann::json& config) {
  const Fields fields(config, "upscaler");
  fields.only("_class_name", {"RRDBNet", "SRVGGNetCompact"});
  UpscalerConfig c;
  if (fields.text("_class_name", "RRDBNet") != "RRDBNet") c.kind = Kind::compact_net;
  c.channels = fields.positive("num_feat", c.channels);
  c.growth = fields.positive("num_grow_ch", c.growth);
  c.blocks = fields.positive(c.kind == Kind::rrdb_net ? "num_block" : "num_conv", c.blocks);
  c.upsampling = fields.positive("upsampling", c.upsampling);
  c.unshuffle = fields.positive("unshuffle", c.unshuffle);
  if (c.upsampling % c.unshuffle != 0) fields.fail("unshuffle", "a divisor of \"upsampling\"");
  return c;
}

}  // namespace latentdial::detail::models
