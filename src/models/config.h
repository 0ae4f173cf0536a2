#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ops/ops.h"

/// What a diffusers config.json says of a model's shape. Field names are diffusers'. Each `from_json` throws
/// invalid_input naming the field when a value is missing, of the wrong kind, absurd, or asks for an
/// architecture that the engine does not have.
namespace latentdial::detail::models {

/// transformers' CLIPTextConfig.
struct TextConfig {
  std::int64_t vocab_size = 49408;
  std::int64_t hidden_size = 768;
  std::int64_t intermediate_size = 3072;
  std::int64_t num_hidden_layers = 12;
  std::int64_t num_attention_heads = 12;
  std::int64_t max_position_embeddings = 77;
  std::int64_t projection_dim = 512;  ///< Of the text's summary, where the encoder makes one.
  float layer_norm_eps = 1e-5f;
  ops::Activation hidden_act = ops::Activation::quick_gelu;

  static TextConfig from_json(const nlohmann::json& config);
};

/// transformers' CLIPVisionConfig.
struct VisionConfig {
  std::int64_t hidden_size = 768;
  std::int64_t intermediate_size = 3072;
  std::int64_t num_hidden_layers = 12;
  std::int64_t num_attention_heads = 12;
  std::int64_t image_size = 224;  ///< Side of the square that it sees, in pixels.
  std::int64_t patch_size = 32;   ///< Side of what becomes one token.
  std::int64_t projection_dim = 512;
  float layer_norm_eps = 1e-5f;
  ops::Activation hidden_act = ops::Activation::quick_gelu;

  static VisionConfig from_json(const nlohmann::json& config);
};

/// What a U-Net has between its two ways.
enum class MidBlock {
  cross_attention,  ///< A transformer between two residual blocks: Stable Diffusion.
  resnet,           ///< One residual block: SSD-1B.
  none,             ///< BK-SDM's small ones.
};

/// How deep the transformers of one level are, one after each residual block.
using TransformerDepths = std::vector<std::int64_t>;

/// The numbers that a U-Net of text and sizes is told: the original picture's height and width, those of the
/// corner that was cropped, and the picture's own; SDXL's refiner in place of the last two a score of looks.
inline constexpr std::int64_t kToldSizes = 6, kToldSizesAndScore = 5;

/// diffusers' UNet2DConditionModel.
struct UNetConfig {
  std::int64_t sample_size = 64;  ///< Native latent side.
  std::int64_t in_channels = 4;
  std::int64_t out_channels = 4;
  std::vector<std::int64_t> block_out_channels = {320, 640, 1280, 1280};
  std::vector<bool> cross_attention = {true, true, true,
                                       false};                   ///< Per level, from the top resolution down.
  std::vector<std::int64_t> num_attention_heads = {8, 8, 8, 8};  ///< Per level.
  /// Per level, on the way down and on the way up, both from the top resolution down.
  std::vector<TransformerDepths> down_depths = std::vector<TransformerDepths>(4, {1, 1});
  std::vector<TransformerDepths> up_depths = std::vector<TransformerDepths>(4, {1, 1, 1});
  MidBlock mid_block = MidBlock::cross_attention;
  std::int64_t mid_depth = 1;  ///< Of the transformer there.
  std::vector<bool> only_cross_attention = {false, false, false,
                                            false};  ///< Per level: the pixels attend to the text alone.
  std::int64_t layers_per_block = 2;
  std::int64_t cross_attention_dim = 768;
  std::int64_t num_class_embeds = 0;  ///< Classes that it is told one of, beside the timestep; 0: none.
  /// Width of the summary of a text that it is told beside the timestep, 0: none; and of each size that
  /// follows it, as a sinusoid: "text_time", SDXL (Podell et al. 2023, arXiv 2307.01952, section 2.2).
  std::int64_t pooled_text_dim = 0, addition_time_embed_dim = 0;
  std::int64_t told_numbers = kToldSizes;  ///< How many follow, where any do.
  /// Width of what it is told of a picture beside the timestep, 0: nothing: "projection", Stable unCLIP
  /// (Ramesh et al. 2022, arXiv 2204.06125, section 2.1).
  std::int64_t told_picture_dim = 0;
  std::int64_t norm_num_groups = 32;
  float norm_eps = 1e-5f;
  bool flip_sin_to_cos = true;
  float freq_shift = 0;

  static UNetConfig from_json(const nlohmann::json& config);
};

/// diffusers' AutoencoderKL.
struct AutoencoderConfig {
  std::int64_t in_channels = 3;
  std::int64_t out_channels = 3;
  std::int64_t latent_channels = 4;
  std::vector<std::int64_t> block_out_channels = {128, 256, 512, 512};
  std::int64_t layers_per_block = 2;
  std::int64_t norm_num_groups = 32;
  std::int64_t sample_size = 512;   ///< Native picture side.
  float scaling_factor = 0.18215f;  ///< latents = mean · scaling_factor.
  bool use_quant_conv = true;
  bool use_post_quant_conv = true;

  static AutoencoderConfig from_json(const nlohmann::json& config);
  /// Pixels per latent in each direction: 2 to the number of downsamplings.
  [[nodiscard]] std::int64_t downscale() const { return std::int64_t{1} << (block_out_channels.size() - 1); }
};

/// What the U-Net of an inpainting checkpoint takes: latents, a mask, and the latents of the picture without
/// its redrawn part (Rombach et al. 2022, arXiv 2112.10752, section 4.5).
[[nodiscard]] constexpr std::int64_t inpainting_channels(std::int64_t latent_channels) {
  return 2 * latent_channels + 1;
}

/// Whether the two are an upscaling model's: the U-Net takes, beside the latents, the colours of a picture of
/// their size under noise, whose level is its class (Ho et al. 2021, arXiv 2106.15282, section 4).
[[nodiscard]] inline bool upscales(const UNetConfig& unet, const AutoencoderConfig& vae) {
  return unet.num_class_embeds > 0 && unet.in_channels == vae.latent_channels + vae.in_channels;
}

/// The decoder half of diffusers' AutoencoderTiny.
struct TinyDecoderConfig {
  std::int64_t latent_channels = 4;
  std::int64_t channels = 64;                       ///< diffusers' decoder_block_out_channels, all alike.
  std::vector<std::int64_t> blocks = {3, 3, 3, 1};  ///< num_decoder_blocks, from the latents' resolution up.

  static TinyDecoderConfig from_json(const nlohmann::json& config);
  /// Pixels per latent in each direction: 2 to the number of upsamplings.
  [[nodiscard]] std::int64_t downscale() const { return std::int64_t{1} << (blocks.size() - 1); }
};

/// A network that enlarges pictures by itself.
struct UpscalerConfig {
  enum class Kind {
    rrdb_net,     ///< ESRGAN (Wang et al. 2018, arXiv 1809.00219), Real-ESRGAN (2021, arXiv 2107.10833).
    compact_net,  ///< Real-ESRGAN's small ones, SRVGGNetCompact.
  };
  Kind kind = Kind::rrdb_net;
  std::int64_t channels = 64;   ///< "num_feat".
  std::int64_t growth = 32;     ///< RRDBNet: "num_grow_ch", what each convolution of a dense block adds.
  std::int64_t blocks = 23;     ///< RRDBNet: "num_block"; SRVGGNetCompact: "num_conv".
  std::int64_t upsampling = 4;  ///< A power of two in an RRDBNet.
  std::int64_t unshuffle = 1;   ///< RRDBNet: the picture goes in at 1/unshuffle of its size.

  static UpscalerConfig from_json(const nlohmann::json& config);
  /// How many times as wide and high a picture becomes.
  [[nodiscard]] std::int64_t scale() const { return upsampling / unshuffle; }
};

}  // namespace latentdial::detail::models
