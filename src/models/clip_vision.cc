#include "models/clip_vision.h"

#include <fmt/format.h>

#include "tensor/arithmetic.h"

namespace latentdial::detail::models {
namespace {

constexpr std::int64_t kColours = 3;

std::int64_t patches_of(const VisionConfig& config) {
  const auto side = config.image_size / config.patch_size;
  return side * side;
}

Tensor load_class(const Scope& scope, const VisionConfig& c) {
  return scope.weights.load("class_embedding", {c.hidden_size}).reshape({1, c.hidden_size});
}

}  // namespace

ClipVision::ClipVision(const Scope& scope, const VisionConfig& c)
    : config_(c),
      ops_(scope.ops),
      class_embedding_(load_class(scope / "vision_model.embeddings", c)),
      position_embedding_(scope.weights.load("vision_model.embeddings.position_embedding.weight",
                                             {1 + patches_of(c), c.hidden_size})),
      patch_embedding_(scope / "vision_model.embeddings.patch_embedding", kColours, c.hidden_size,
                       c.patch_size, {.stride = c.patch_size}, /*bias=*/false),
      first_norm_(scope / "vision_model.pre_layrnorm", c.hidden_size, c.layer_norm_eps),  // So named there.
      last_norm_(scope / "vision_model.post_layernorm", c.hidden_size, c.layer_norm_eps),
      projection_(scope / "visual_projection", c.hidden_size, c.projection_dim, /*bias=*/false) {
  const ClipLayerShape shape{.hidden_size = c.hidden_size,
                             .intermediate_size = c.intermediate_size,
                             .heads = c.num_attention_heads,
                             .epsilon = c.layer_norm_eps,
                             .activation = c.hidden_act};
  layers_.reserve(static_cast<std::size_t>(c.num_hidden_layers));
  for (std::int64_t i = 0; i < c.num_hidden_layers; ++i)
    layers_.emplace_back(scope / fmt::format("vision_model.encoder.layers.{}", i), shape);
}

Tensor ClipVision::embedded(const Tensor& pixels) const {
  const Tensor patches = ops_->to_host(patch_embedding_(ops_->to_device(pixels)));
  const Tensor tokens =
      concat_rows({class_embedding_, patches.reshape({patches_of(config_), config_.hidden_size})});
  const Tensor placed = linear_combination({{1, tokens}, {1, position_embedding_}});
  return ops_->to_device(placed.reshape({1, placed.dim(0), config_.hidden_size}));
}

Tensor ClipVision::operator()(const Tensor& pixels) const {
  Tensor hidden_states = first_norm_(embedded(pixels));
  for (const ClipLayer& layer : layers_) hidden_states = layer(hidden_states);
  const Tensor tokens = hidden_states.reshape({hidden_states.dim(1), config_.hidden_size});
  return ops_->to_host(projection_(last_norm_(tokens.slice(0, 1))));
}

}  // namespace latentdial::detail::models
