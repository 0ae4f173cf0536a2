#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/denoiser.h"
#include "models/layers.h"

namespace latentdial::detail::models {

/// Multi-head attention of queries from `hidden_states` over keys and values from `context`.
class Attention {
 public:
  Attention(const Scope& scope, std::int64_t channels, std::int64_t context_channels, std::int64_t heads);
  /// context [B,M,context_channels]
  [[nodiscard]] KeysAndValues project(const Tensor& context) const;
  /// x [B,N,C] normalised, residual [B,N,C] → residual + out(attention).
  Tensor operator()(const Tensor& x, const KeysAndValues& context, const Tensor& residual) const;
  /// The share of each place's attention that goes to `tokens` of a context, [B,N] f32 on the host.
  [[nodiscard]] Tensor share_of(const std::vector<std::int64_t>& tokens, const Tensor& x,
                                const KeysAndValues& context) const;

 private:
  const ops::Backend* ops_;
  std::int64_t heads_;
  Linear to_q_, to_k_, to_v_, to_out_;
};

/// How a transformer attends.
struct TransformerShape {
  std::int64_t channels = 0;
  std::int64_t text_channels = 0;
  std::int64_t heads = 0;
  std::int64_t layers = 1;
  bool only_cross_attention = false;  ///< The first attention of a block is to the text, as the second.
};

/// Self-attention, cross-attention to the text, gated feed-forward; each pre-normed and residual.
class TransformerBlock {
 public:
  TransformerBlock(const Scope& scope, const TransformerShape& shape);
  [[nodiscard]] TextOfBlock project_text(const Tensor& text_states /*[B,T,text_channels]*/) const;
  /// Maps of words are [B,N] here.
  Tensor operator()(const Tensor& hidden_states /*[B,N,C]*/, const TextOfBlock& text, const Taps& taps) const;

 private:
  const ops::Backend* ops_;
  bool only_cross_attention_;
  LayerNorm norm1_, norm2_, norm3_;
  Attention first_attention_, second_attention_;
  Linear feed_forward_in_, feed_forward_out_;
};

/// diffusers' Transformer2DModel: pixels as tokens through transformer blocks, beside a shortcut.
class SpatialTransformer {
 public:
  SpatialTransformer(const Scope& scope, const TransformerShape& shape, std::int64_t groups);
  /// For each block.
  [[nodiscard]] std::vector<TextOfBlock> project_text(
      const Tensor& text_states /*[B,T,text_channels]*/) const;
  Tensor operator()(const Tensor& x /*[B,H,W,C]*/, const std::vector<TextOfBlock>& text,
                    const Taps& taps = {}) const;

 private:
  GroupNorm norm_;
  Linear proj_in_, proj_out_;
  std::vector<TransformerBlock> blocks_;
};

}  // namespace latentdial::detail::models
