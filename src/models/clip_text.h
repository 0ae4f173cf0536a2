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

  /// Which state it gives, counted from the last: 1, or 2 where that is before the last layer. OpenCLIP's
  /// encoder of SD 2 comes without its last layer, so that its last state is the second one, too.
  [[nodiscard]] int own_state() const;
  /// The most layers that may be left out before that state: one is always taken.
  [[nodiscard]] int most_left_out() const;

  /// ids [T], T ≤ max_position_embeddings → hidden states [1, T, hidden_size], `left_out` layers before the
  /// encoder's own.
  Tensor operator()(std::span<const std::int32_t> ids, int left_out = 0) const;

  /// Whether it sums a text up: an encoder with a projection that gives penultimate states.
  [[nodiscard]] bool has_summary() const { return projection_.has_value(); }
  /// What operator() gave of a text whose end token is at `end`, with as many layers left out → its summary
  /// [1, projection_dim]: the end token's last state, normed and projected ("pooled").
  [[nodiscard]] Tensor summary(const Tensor& states, std::int64_t end, int left_out = 0) const;

  [[nodiscard]] const TextConfig& config() const { return config_; }

 private:
  /// Layers that a text goes through.
  [[nodiscard]] std::size_t layers_taken(int left_out) const;

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
