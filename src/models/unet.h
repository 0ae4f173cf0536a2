#pragma once

#include <optional>
#include <span>
#include <vector>

#include "models/config.h"
#include "models/resnet.h"
#include "models/transformer.h"

namespace latentdial::models {

/// A batch of prompts as the cross-attentions see it, by transformer in the order of the U-Net. It is the
/// same at every step.
using TextContext = std::vector<std::vector<KeysAndValues>>;

/// A timestep as the residual blocks add it, [1, channels] each, in the order of the U-Net. It is the same
/// for every picture.
using TimeContext = std::vector<Tensor>;

/// The denoiser: diffusers' UNet2DConditionModel (Rombach et al. 2022).
///
///     latents ─ conv_in ─ level 0 ─┬─ level 1 ─┬─ … ─ mid ─ … ─┬─ level 1 ─┬─ level 0 ─ conv_out ─ ε or v
///                                  └───────────┴──── skips ────┴───────────┘
class UNet {
 public:
  /// `scope` is the unet component.
  UNet(const Scope& scope, const UNetConfig& config);

  /// text_states [B,T,cross_attention_dim] from Backend::to_device.
  [[nodiscard]] TextContext project_text(const Tensor& text_states) const;

  /// Timesteps 0 to 999, fractional for Karras sigmas.
  [[nodiscard]] std::vector<TimeContext> project_times(std::span<const float> timesteps) const;

  /// latents [B,H,W,in_channels] from Backend::to_device → [B,H,W,out_channels]. Another's layout (Tumanyan
  /// et al. 2022, arXiv 2211.12572) is taken where they find it, in the decoder's self-attentions and early
  /// residual blocks; of the latter's output a part is taken, since the surfaces are in it too. Words are
  /// looked for in every cross-attention (Tang et al. 2022, arXiv 2210.04885).
  Tensor operator()(const Tensor& latents, const TimeContext& time_context, const TextContext& text_context,
                    const AttentionControl& control = {}) const;

  /// What the decoder's first level with attention is about, [B,h,w,C]: which things are where, more than how
  /// they look (Tang et al. 2023, arXiv 2306.03881).
  [[nodiscard]] Tensor scene_features(const Tensor& latents, const TimeContext& time_context,
                                      const TextContext& text_context) const;

  [[nodiscard]] const UNetConfig& config() const { return config_; }

 private:
  /// One resolution on the way down or up; `attentions` is empty where the level has none.
  struct Level {
    std::vector<ResnetBlock> resnets;
    std::vector<SpatialTransformer> attentions;
    std::optional<Conv2d> resample;
  };

  /// A batch on its way through the levels.
  struct Pass {
    TimeContext::const_iterator time;  ///< Of the blocks that are still to come.
    TextContext::const_iterator text;
    AttentionControl control;
    Tensor h;
    std::vector<Tensor> skips;
  };
  [[nodiscard]] Pass go_down(const Tensor& latents, const TimeContext& time_context,
                             const TextContext& text_context, const AttentionControl& control) const;
  void go_through(const Level& level, Pass& pass) const;  ///< A level of the way up.
  void go_up(const Level& level, Pass& pass) const;       ///< To the next one's size.

  void build_down(const Scope& scope);
  void build_up(const Scope& scope);
  [[nodiscard]] Tensor time_embedding(std::span<const float> timesteps) const;

  UNetConfig config_;
  const ops::Backend* ops_;
  Conv2d conv_in_;
  Linear time_linear1_, time_linear2_;
  std::vector<Level> down_, up_;
  ResnetBlock mid_resnet1_, mid_resnet2_;
  SpatialTransformer mid_attention_;
  GroupNorm norm_out_;
  Conv2d conv_out_;
};

}  // namespace latentdial::models
