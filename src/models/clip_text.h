#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "models/clip_layer.h"
#include "models/config.h"
#include "models/layers.h"

namespace latentdial::detail::models {

/// Which hidden states of an encoder a text is known by.
enum class TextStates {
  last,         ///< After all layers and the final norm.
  penultimate,  ///< Before the last layer, without a norm: SDXL's.
};

/// The CLIP text encoder (Radford et al. 2021): token + position embedding, then causal pre-norm transformer
/// layers.
class ClipText {
 public:
  /// `scope` is the text_encoder component; tensors lie under "text_model". `learnt` [N, hidden_size] are
  /// token embeddings that follow the vocabulary's; undefined: none.
  ClipText(const Scope& scope, const TextConfig& config, const Tensor& learnt = {},
           TextStates states = TextStates::last);

  /// ids [T], T ≤ max_position_embeddings → hidden states [1, T, hidden_size].
  Tensor operator()(std::span<const std::int32_t> ids) const;

  /// Whether it sums a text up: an encoder with a projection that gives penultimate states.
  [[nodiscard]] bool has_summary() const { return projection_.has_value(); }
  /// Penultimate states of a text whose end token is at `end` → its summary [1, projection_dim]: the end
  /// token's last state, normed and projected ("pooled").
  [[nodiscard]] Tensor summary(const Tensor& states, std::int64_t end) const;

  [[nodiscard]] const TextConfig& config() const { return config_; }

 private:
  TextConfig config_;
  TextStates states_;
  const ops::Backend* ops_;
  std::int64_t entries_;  ///< Rows of the token embedding.
  ops::PackedWeight token_embedding_, position_embedding_;
  std::vector<ClipLayer> layers_;
  LayerNorm final_norm_;
  std::optional<Linear> projection_;
};

}  // namespace latentdial::detail::models
