#pragma once

#include <cstdint>

#include "models/layers.h"

namespace latentdial::detail::models {

/// What a CLIP encoder's layers are alike in.
struct ClipLayerShape {
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t heads = 0;
  float epsilon = 1e-5f;
  ops::Activation activation = ops::Activation::quick_gelu;
  bool causal = false;  ///< Tokens see those before them alone: a text's.
};

/// transformers' CLIPEncoderLayer: self-attention and a feed-forward, each pre-normed and residual.
class ClipLayer {
 public:
  ClipLayer(const Scope& scope, const ClipLayerShape& shape);
  Tensor operator()(const Tensor& hidden_states /*[1,T,C]*/) const;

 private:
  const ops::Backend* ops_;
  std::int64_t heads_;
  ops::Activation activation_;
  bool causal_;
  LayerNorm norm1_, norm2_;
  Linear q_, k_, v_, out_, fc1_, fc2_;
};

}  // namespace latentdial::detail::models
