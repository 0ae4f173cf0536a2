#pragma once

#include <optional>
#include <span>
#include <vector>

#include "models/config.h"
#include "models/denoiser.h"
#include "models/resnet.h"
#include "models/transformer.h"

namespace latentdial::detail::models {

/// diffusers' UNet2DConditionModel (Rombach et al. 2022).
///
///     latents ─ conv_in ─ level 0 ─┬─ level 1 ─┬─ … ─ mid ─ … ─┬─ level 1 ─┬─ level 0 ─ conv_out ─ ε or v
///                                  └───────────┴──── skips ────┴───────────┘
class UNet final : public Denoiser {
 public:
  /// `scope` is the unet component.
  UNet(const Scope& scope, const UNetConfig& config);

  [[nodiscard]] TextContext project_tokens(const Tensor& tokens) const override;
  /// `vectors` [B,1] holds the members' classes, 0 to num_class_embeds − 1, where the network has classes.
  [[nodiscard]] std::vector<TimeContext> project_times(std::span<const float> timesteps,
                                                       const Tensor& vectors = {}) const override;
  Tensor operator()(const Tensor& latents, const TimeContext& time, const TextContext& text,
                    const Taps& taps = {}) const override;

  [[nodiscard]] const UNetConfig& config() const { return config_; }

 private:
  /// One resolution on the way down or up; `attentions` is empty where the level has none.
  struct Level {
    std::vector<ResnetBlock> resnets;
    std::vector<SpatialTransformer> attentions;
    std::optional<Conv2d> resample;
  };

  /// A batch on its way through the levels.
  struct Traversal {
    TimeContext::const_iterator time;  ///< Of the blocks that are still to come.
    TextContext::const_iterator text;
    const Taps& taps;
    Tensor h;
    std::vector<Tensor> skips;
  };
  [[nodiscard]] Traversal go_down(const Tensor& latents, const TimeContext& time, const TextContext& text,
                                  const Taps& taps) const;
  /// Straight to the last layer, which gets what a DeepTap holds.
  [[nodiscard]] Traversal go_across(const Tensor& latents, const TimeContext& time, const TextContext& text,
                                    const Taps& taps) const;
  /// A level of the way up, from this layer on.
  void go_through(std::size_t level, std::size_t layer, Traversal& traversal) const;
  /// What leaves the block where a layout is found.
  [[nodiscard]] Tensor with_layout(const Tensor& h, LayoutTap& layout) const;
  void go_up(const Level& level, Traversal& traversal) const;  ///< To the next one's size.
  [[nodiscard]] std::size_t last_layer() const { return up_.back().resnets.size() - 1; }

  void add_layer(Level& level, const Scope& block, std::size_t i, std::int64_t j, std::int64_t in) const;
  void build_down(const Scope& scope);
  void build_up(const Scope& scope);
  /// Of the transformers of a level of the way down, or of the one that mirrors it.
  [[nodiscard]] TransformerShape transformer_shape(std::size_t level) const;
  [[nodiscard]] Tensor time_embedding(std::span<const float> timesteps) const;

  UNetConfig config_;
  const ops::Backend* ops_;
  Conv2d conv_in_;
  Linear time_linear1_, time_linear2_;
  std::optional<ops::PackedWeight> class_embedding_;
  std::vector<Level> down_, up_;
  ResnetBlock mid_resnet1_, mid_resnet2_;
  SpatialTransformer mid_attention_;
  GroupNorm norm_out_;
  Conv2d conv_out_;
};

}  // namespace latentdial::detail::models
