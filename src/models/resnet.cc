#include "models/resnet.h"

#include <utility>

namespace latentdial::detail::models {

ResnetBlock::ResnetBlock(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t groups,
                         float epsilon, std::int64_t time_channels)
    : norm1_(scope / "norm1", in, groups, epsilon),
      norm2_(scope / "norm2", out, groups, epsilon),
      conv1_(scope / "conv1", in, out, 3),
      conv2_(scope / "conv2", out, out, 3) {
  if (time_channels > 0) time_projection_.emplace((scope / "time_emb_proj").in_full(), time_channels, out);
  if (in != out) shortcut_.emplace(scope / "conv_shortcut", in, out, 1);
}

Tensor ResnetBlock::project_time(const Tensor& embedding) const {
  return (*time_projection_)(embedding);
}

Tensor ResnetBlock::operator()(Tensor x, const Tensor* time) const {
  // h = conv1(silu(norm1(x))) + time;  y = conv2(silu(norm2(h))) + shortcut(x)
  const Tensor residual = shortcut_ ? (*shortcut_)(x) : x;
  Tensor h = conv1_(norm1_(std::move(x), {.activation = ops::Activation::silu}));
  h = norm2_(std::move(h), {.activation = ops::Activation::silu, .channel_bias = time});
  return conv2_(h, {.residual = &residual});
}

}  // namespace latentdial::detail::models
