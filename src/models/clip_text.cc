#include "models/clip_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include "latentdial/error.h"

namespace latentdial::detail::models {
namespace {

/// The table with the learnt rows behind its own.
Tensor with(const Tensor& learnt, Tensor table) {
  return learnt.defined() ? concat_rows({table, learnt}) : std::move(table);
}

/// The token embedding with the learnt rows; without any it is every model's of this checkpoint.
ops::PackedWeight pack_table(const Scope& scope, const TextConfig& config, const Tensor& learnt) {
  constexpr std::string_view kTable = "text_model.embeddings.token_embedding.weight";
  const auto pack = [&] {
    return scope.ops->prepare_embedding(
        with(learnt, scope.weights.load(kTable, {config.vocab_size, config.hidden_size})));
  };
  return learnt.defined() ? pack() : scope.pack_once(kTable, pack);
}

}  // namespace

ClipText::ClipText(const Scope& scope, const TextConfig& config, const Tensor& learnt, TextStates states)
    : config_(config),
      states_(states),
      ops_(scope.ops),
      entries_(config.vocab_size + (learnt.defined() ? learnt.dim(0) : 0)),
      token_embedding_(pack_table(scope, config, learnt)),
      position_embedding_(
          ops_->prepare_embedding(scope.weights.load("text_model.embeddings.position_embedding.weight",
                                                     {config.max_position_embeddings, config.hidden_size}))),
      final_norm_(scope / "text_model.final_layer_norm", config.hidden_size, config.layer_norm_eps) {
  layers_.reserve(static_cast<std::size_t>(config.num_hidden_layers));
  const ClipLayerShape shape{.hidden_size = config.hidden_size,
                             .intermediate_size = config.intermediate_size,
                             .heads = config.num_attention_heads,
                             .epsilon = config.layer_norm_eps,
                             .activation = config.hidden_act,
                             .causal = true};
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) {
    layers_.emplace_back(scope / fmt::format("text_model.encoder.layers.{}", i), shape);
  }
  if (states == TextStates::penultimate && scope.weights.has("text_projection.weight"))
    projection_.emplace(scope / "text_projection", config.hidden_size, config.projection_dim, /*bias=*/false);
}

int ClipText::own_state() const {
  const bool lacks_last = config_.hidden_act == ops::Activation::gelu;  // OpenCLIP's.
  return states_ == TextStates::penultimate || lacks_last ? 2 : 1;
}

int ClipText::most_left_out() const {
  return std::max(static_cast<int>(layers_taken(0)) - 1, 0);
}

std::size_t ClipText::layers_taken(int left_out) const {
  return layers_.size() - (states_ == TextStates::last ? 0 : 1) - static_cast<std::size_t>(left_out);
}

Tensor ClipText::operator()(std::span<const std::int32_t> ids, int left_out) const {
  const auto tokens = static_cast<std::int64_t>(ids.size());
  if (tokens > config_.max_position_embeddings) {
    throw invalid_input(fmt::format("text encoder: {} tokens, but it takes at most {}", tokens,
                                    config_.max_position_embeddings));
  }
  const bool known = std::all_of(ids.begin(), ids.end(), [&](auto id) { return id >= 0 && id < entries_; });
  if (!known) {
    throw invalid_input(fmt::format(
        "tokenizer: a token id is past the text encoder's {} entries; the two do not belong together",
        config_.vocab_size));
  }
  std::vector<std::int32_t> positions(ids.size());
  std::iota(positions.begin(), positions.end(), 0);
  Tensor hidden_states =
      ops_->add(ops_->embedding(ids, token_embedding_), ops_->embedding(positions, position_embedding_))
          .reshape({1, tokens, config_.hidden_size});
  for (std::size_t i = 0; i < layers_taken(left_out); ++i) hidden_states = layers_[i](hidden_states);
  return states_ == TextStates::last ? final_norm_(hidden_states) : hidden_states;
}

Tensor ClipText::summary(const Tensor& states, std::int64_t end, int left_out) const {
  Tensor last = states;
  for (std::size_t i = layers_taken(left_out); i < layers_.size(); ++i) last = layers_[i](last);
  return (*projection_)(final_norm_(last.reshape({last.dim(1), last.dim(2)}).slice(end, end + 1)));
}

}  // namespace latentdial::detail::models
