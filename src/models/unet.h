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
  /// `vectors` holds what the members are told: [B,1] their classes, 0 to num_class_embeds − 1, where the
  /// network has classes; [B, pooled_text_dim + told_numbers] a text's summary and sizes in pixels where it
  /// takes those; [B, told_picture_dim] what it is told of a picture, zeros for nothing, where it takes that.
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

  /// Adds residual block `j` of level `i`, of `in` channels, and the transformer behind it where there is
  /// one.
  void add_layer(Level& level, const Scope& block, std::size_t i, std::size_t j, std::int64_t in,
                 const TransformerDepths& depths) const;
  [[nodiscard]] ResnetBlock resnet(const Scope& scope, std::int64_t in, std::int64_t out) const;
  void build_down(const Scope& scope);
  void build_middle(const Scope& scope);
  void build_up(const Scope& scope);
  /// Of a transformer of a level of the way down, or of the one that mirrors it.
  [[nodiscard]] TransformerShape transformer_shape(std::size_t level, std::int64_t depth) const;
  [[nodiscard]] Tensor sinusoids(std::span<const float> numbers, std::int64_t channels) const;
  [[nodiscard]] bool is_told_vectors() const;
  /// What is added to the embedding of a timestep for each member that is told one of `vectors`.
  [[nodiscard]] Tensor embed_vectors(const Tensor& vectors) const;
  [[nodiscard]] Tensor embed_sizes(const Tensor& vectors) const;

  UNetConfig config_;
  const ops::Backend* ops_;
  Conv2d conv_in_;
  Linear time_linear1_, time_linear2_;
  std::optional<ops::PackedWeight> class_embedding_;
  std::optional<Linear> added_linear1_, added_linear2_;
  std::vector<Level> down_, up_;
  Level mid_;  ///< A transformer lies between its residual blocks.
  GroupNorm norm_out_;
  Conv2d conv_out_;
};

}  // namespace latentdial::detail::models
