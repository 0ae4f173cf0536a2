#include "models/transformer.h"

#include <fmt/format.h>

#include <algorithm>

namespace latentdial::detail::models {

Attention::Attention(const Scope& scope, std::int64_t channels, std::int64_t context_channels,
                     std::int64_t heads)
    : ops_(scope.ops),
      heads_(heads),
      to_q_(scope / "to_q", channels, channels, /*bias=*/false),
      to_k_(scope / "to_k", context_channels, channels, /*bias=*/false),
      to_v_(scope / "to_v", context_channels, channels, /*bias=*/false),
      to_out_(scope / "to_out.0", channels, channels) {}

KeysAndValues Attention::project(const Tensor& context) const {
  return {to_k_(context), to_v_(context)};
}

Tensor Attention::operator()(const Tensor& x, const KeysAndValues& context, const Tensor& residual) const {
  return to_out_(ops_->attention(to_q_(x), context.keys, context.values, heads_), {.residual = &residual});
}

Tensor Attention::share_of(const std::vector<std::int64_t>& tokens, const Tensor& x,
                           const KeysAndValues& context) const {
  // Attention to values of 1 at the tokens and 0 elsewhere is the weight that they get.
  Tensor values = Tensor::zeros(context.keys.shape());
  const auto length = values.dim(1), channels = values.dim(2);
  for (std::int64_t b = 0; b < values.dim(0); ++b)
    for (const auto token : tokens)
      std::fill_n(values.data<float>() + (b * length + token) * channels, channels, 1.0F);
  const Tensor shares =
      ops_->to_host(ops_->attention(to_q_(x), context.keys, ops_->to_device(values), heads_));
  Tensor mean = Tensor::zeros({shares.dim(0), shares.dim(1)});
  const auto width = static_cast<std::size_t>(channels);
  for (std::size_t i = 0; i < shares.values().size(); ++i)
    mean.values()[i / width] += shares.values()[i] / static_cast<float>(channels);
  return mean;
}

TransformerBlock::TransformerBlock(const Scope& scope, const TransformerShape& shape)
    : ops_(scope.ops),
      only_cross_attention_(shape.only_cross_attention),
      norm1_(scope / "norm1", shape.channels),
      norm2_(scope / "norm2", shape.channels),
      norm3_(scope / "norm3", shape.channels),
      first_attention_(scope / "attn1", shape.channels,
                       shape.only_cross_attention ? shape.text_channels : shape.channels, shape.heads),
      second_attention_(scope / "attn2", shape.channels, shape.text_channels, shape.heads),
      feed_forward_in_(scope / "ff.net.0.proj", shape.channels, 8 * shape.channels),
      feed_forward_out_(scope / "ff.net.2", 4 * shape.channels, shape.channels) {}

TextOfBlock TransformerBlock::project_text(const Tensor& text_states) const {
  return {only_cross_attention_ ? first_attention_.project(text_states) : KeysAndValues{},
          second_attention_.project(text_states)};
}

Tensor TransformerBlock::operator()(const Tensor& hidden_states, const TextOfBlock& text,
                                    const Taps& taps) const {
  const Tensor pixels = norm1_(hidden_states);
  Tensor h = first_attention_(pixels, only_cross_attention_ ? text.first : first_attention_.project(pixels),
                              hidden_states);
  const Tensor queries = norm2_(h);
  if (taps.words)
    taps.words->maps.push_back(second_attention_.share_of(taps.words->tokens, queries, text.second));
  h = second_attention_(queries, text.second, h);
  return feed_forward_out_(ops_->geglu(feed_forward_in_(norm3_(h))), {.residual = &h});
}

SpatialTransformer::SpatialTransformer(const Scope& scope, const TransformerShape& shape, std::int64_t groups)
    : norm_(scope / "norm", shape.channels, groups, 1e-6f),
      proj_in_(scope / "proj_in", shape.channels, shape.channels),
      proj_out_(scope / "proj_out", shape.channels, shape.channels) {
  blocks_.reserve(static_cast<std::size_t>(shape.layers));
  for (std::int64_t i = 0; i < shape.layers; ++i)
    blocks_.emplace_back(scope / fmt::format("transformer_blocks.{}", i), shape);
}

std::vector<TextOfBlock> SpatialTransformer::project_text(const Tensor& text_states) const {
  std::vector<TextOfBlock> text;
  for (const auto& block : blocks_) text.push_back(block.project_text(text_states));
  return text;
}

Tensor SpatialTransformer::operator()(const Tensor& x, const std::vector<TextOfBlock>& text,
                                      const Taps& taps) const {
  const Tensor pixels = x.reshape({x.dim(0), x.dim(1) * x.dim(2), x.dim(3)});
  Tensor hidden_states = proj_in_(norm_(pixels));
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    hidden_states = blocks_[i](hidden_states, text[i], taps);
    if (taps.words) {
      Tensor& map = taps.words->maps.back();
      map = map.reshape({x.dim(0), x.dim(1), x.dim(2)});
    }
  }
  return proj_out_(hidden_states, {.residual = &pixels}).reshape(x.shape());
}

}  // namespace latentdial::detail::models
