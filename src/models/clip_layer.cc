#include "models/clip_layer.h"

namespace latentdial::detail::models {

ClipLayer::ClipLayer(const Scope& scope, const ClipLayerShape& s)
    : ops_(scope.ops),
      heads_(s.heads),
      activation_(s.activation),
      causal_(s.causal),
      norm1_(scope / "layer_norm1", s.hidden_size, s.epsilon),
      norm2_(scope / "layer_norm2", s.hidden_size, s.epsilon),
      q_(scope / "self_attn.q_proj", s.hidden_size, s.hidden_size),
      k_(scope / "self_attn.k_proj", s.hidden_size, s.hidden_size),
      v_(scope / "self_attn.v_proj", s.hidden_size, s.hidden_size),
      out_(scope / "self_attn.out_proj", s.hidden_size, s.hidden_size),
      fc1_(scope / "mlp.fc1", s.hidden_size, s.intermediate_size),
      fc2_(scope / "mlp.fc2", s.intermediate_size, s.hidden_size) {}

Tensor ClipLayer::operator()(const Tensor& hidden_states) const {
  // h = x + out(attention(norm1(x)));  y = h + fc2(act(fc1(norm2(h))))
  const Tensor x = norm1_(hidden_states);
  const Tensor h = out_(ops_->attention(q_(x), k_(x), v_(x), heads_, causal_), {.residual = &hidden_states});
  return fc2_(fc1_(norm2_(h), {.activation = activation_}), {.residual = &h});
}

}  // namespace latentdial::detail::models
