#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/layers.h"

namespace latentdial::models {

/// What one attention attends to, [B,M,C] each.
struct KeysAndValues {
  Tensor keys, values;
};

/// Where in the picture some words of the prompt are looked at.
struct WordMaps {
  std::vector<std::int64_t> tokens;  ///< The words' places among the text states.
  std::vector<Tensor> maps = {};     ///< Of each cross-attention in turn [B,H,W], f32: the share of a place's
                                     ///< attention that goes to the words, mean over heads.
};

/// What attentions take from another picture, and what they tell.
struct AttentionControl {
  /// For each of the batch the one whose layout it takes; empty: each its own.
  std::span<const std::int64_t> structure_of = {};
  WordMaps* words = nullptr;  ///< To be filled; null: not asked for.
};

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
  /// Attention of x to itself, where the places that each member of the batch attends to are those of the
  /// member that `structure_of` names (empty: its own), as its queries and keys say.
  [[nodiscard]] Tensor to_itself(const Tensor& x, const Tensor& residual,
                                 std::span<const std::int64_t> structure_of) const;

 private:
  const ops::Backend* ops_;
  std::int64_t heads_;
  Linear to_q_, to_k_, to_v_, to_out_;
};

/// Self-attention, cross-attention to the text, gated feed-forward; each pre-normed and residual.
class TransformerBlock {
 public:
  TransformerBlock(const Scope& scope, std::int64_t channels, std::int64_t text_channels, std::int64_t heads);
  [[nodiscard]] KeysAndValues project_text(const Tensor& text_states /*[B,T,text_channels]*/) const;
  /// Maps of words are [B,N] here.
  Tensor operator()(const Tensor& hidden_states /*[B,N,C]*/, const KeysAndValues& text,
                    const AttentionControl& control) const;

 private:
  const ops::Backend* ops_;
  LayerNorm norm1_, norm2_, norm3_;
  Attention self_attention_, cross_attention_;
  Linear feed_forward_in_, feed_forward_out_;
};

/// diffusers' Transformer2DModel: pixels as tokens through transformer blocks, beside a shortcut.
class SpatialTransformer {
 public:
  SpatialTransformer(const Scope& scope, std::int64_t channels, std::int64_t text_channels,
                     std::int64_t heads, std::int64_t layers, std::int64_t groups);
  /// For each block.
  [[nodiscard]] std::vector<KeysAndValues> project_text(
      const Tensor& text_states /*[B,T,text_channels]*/) const;
  Tensor operator()(const Tensor& x /*[B,H,W,C]*/, const std::vector<KeysAndValues>& text,
                    const AttentionControl& control = {}) const;

 private:
  GroupNorm norm_;
  Linear proj_in_, proj_out_;
  std::vector<TransformerBlock> blocks_;
};

}  // namespace latentdial::models
