#include "models/unet.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "latentdial/error.h"
#include "models/sinusoid.h"

namespace latentdial::detail::models {
namespace {

/// Width of what the timestep's embedding is told beside it, through two layers; 0: nothing.
std::int64_t told_width(const UNetConfig& c) {
  return c.pooled_text_dim > 0 ? c.pooled_text_dim + c.told_numbers * c.addition_time_embed_dim
                               : c.told_picture_dim;
}

}  // namespace

UNet::UNet(const Scope& scope, const UNetConfig& c)
    : config_(c),
      ops_(scope.ops),
      conv_in_((scope / "conv_in").in_full(), c.in_channels, c.block_out_channels.front(), 3),
      time_linear1_((scope / "time_embedding.linear_1").in_full(), c.block_out_channels.front(),
                    4 * c.block_out_channels.front()),
      time_linear2_((scope / "time_embedding.linear_2").in_full(), 4 * c.block_out_channels.front(),
                    4 * c.block_out_channels.front()),
      norm_out_(scope / "conv_norm_out", c.block_out_channels.front(), c.norm_num_groups, c.norm_eps),
      conv_out_((scope / "conv_out").in_full(), c.block_out_channels.front(), c.out_channels, 3) {
  if (c.num_class_embeds > 0) {
    class_embedding_ = ops_->prepare_embedding(
        scope.weights.load("class_embedding.weight", {c.num_class_embeds, 4 * c.block_out_channels.front()}));
  }
  if (const auto told = told_width(c); told > 0) {
    const auto added = (scope / (c.pooled_text_dim > 0 ? "add_embedding" : "class_embedding")).in_full();
    added_linear1_.emplace(added / "linear_1", told, 4 * c.block_out_channels.front());
    added_linear2_.emplace(added / "linear_2", 4 * c.block_out_channels.front(),
                           4 * c.block_out_channels.front());
  }
  build_down(scope);
  build_middle(scope);
  build_up(scope);
}

ResnetBlock UNet::resnet(const Scope& scope, std::int64_t in, std::int64_t out) const {
  return {scope, in, out, config_.norm_num_groups, config_.norm_eps, 4 * config_.block_out_channels.front()};
}

TransformerShape UNet::transformer_shape(std::size_t level, std::int64_t depth) const {
  return {.channels = config_.block_out_channels[level],
          .text_channels = config_.cross_attention_dim,
          .heads = config_.num_attention_heads[level],
          .layers = depth,
          .only_cross_attention = config_.only_cross_attention[level]};
}

void UNet::add_layer(Level& level, const Scope& block, std::size_t i, std::size_t j, std::int64_t in,
                     const TransformerDepths& depths) const {
  level.resnets.push_back(resnet(block / fmt::format("resnets.{}", j), in, config_.block_out_channels[i]));
  if (!config_.cross_attention[i]) return;
  level.attentions.emplace_back(block / fmt::format("attentions.{}", j), transformer_shape(i, depths[j]),
                                config_.norm_num_groups);
}

void UNet::build_down(const Scope& scope) {
  const auto& c = config_;
  const auto levels = c.block_out_channels.size();
  auto in = c.block_out_channels.front();
  for (std::size_t i = 0; i < levels; ++i) {
    const auto block = scope / fmt::format("down_blocks.{}", i);
    const auto out = c.block_out_channels[i];
    auto& level = down_.emplace_back();
    for (std::size_t j = 0; j < c.down_depths[i].size(); ++j)
      add_layer(level, block, i, j, j == 0 ? in : out, c.down_depths[i]);
    if (i + 1 < levels) {
      level.resample.emplace(block / "downsamplers.0.conv", out, out, 3,
                             ops::ConvGeometry{.stride = 2, .pad_before = 1, .pad_after = 1});
    }
    in = out;
  }
}

void UNet::build_middle(const Scope& scope) {
  const auto& c = config_;
  if (c.mid_block == MidBlock::none) return;
  const auto block = scope / "mid_block";
  const auto channels = c.block_out_channels.back();
  mid_.resnets.push_back(resnet(block / "resnets.0", channels, channels));
  if (c.mid_block == MidBlock::resnet) return;
  auto shape = transformer_shape(c.block_out_channels.size() - 1, c.mid_depth);
  shape.only_cross_attention = false;
  mid_.attentions.emplace_back(block / "attentions.0", shape, c.norm_num_groups);
  mid_.resnets.push_back(resnet(block / "resnets.1", channels, channels));
}

void UNet::build_up(const Scope& scope) {
  const auto& c = config_;
  const auto levels = c.block_out_channels.size();
  auto in = c.block_out_channels.back();
  for (std::size_t up = 0; up < levels; ++up) {
    const auto i = levels - 1 - up;  // The level of the way down that this one mirrors.
    const auto block = scope / fmt::format("up_blocks.{}", up);
    const auto out = c.block_out_channels[i];
    const auto deepest_skip = c.block_out_channels[i == 0 ? 0 : i - 1];
    auto& level = up_.emplace_back();
    const auto& depths = c.up_depths[i];
    for (std::size_t j = 0; j < depths.size(); ++j) {
      const auto skip = j + 1 == depths.size() ? deepest_skip : out;
      add_layer(level, block, i, j, (j == 0 ? in : out) + skip, depths);
    }
    if (i > 0) level.resample.emplace(block / "upsamplers.0.conv", out, out, 3);
    in = out;
  }
}

Tensor UNet::sinusoids(std::span<const float> numbers, std::int64_t channels) const {
  return models::sinusoids(numbers, channels, config_.flip_sin_to_cos, config_.freq_shift);
}

bool UNet::is_told_vectors() const {
  return class_embedding_ || added_linear1_;
}

// [B, pooled + sizes] → the same with each size as a sinusoid.
Tensor UNet::embed_sizes(const Tensor& vectors) const {
  const auto members = vectors.dim(0), pooled = config_.pooled_text_dim;
  const auto width = config_.told_numbers * config_.addition_time_embed_dim;
  if (vectors.dim(1) != pooled + config_.told_numbers)
    throw Error(ErrorCode::internal, fmt::format("unet: {} numbers where a text's {} and {} sizes are told",
                                                 vectors.dim(1), pooled, config_.told_numbers));
  Tensor told = Tensor::empty({members, pooled + width});
  auto* to = told.data<float>();
  for (std::int64_t b = 0; b < members; ++b) {
    const auto row = vectors.slice(b, b + 1).values();
    const auto summary = row.first(static_cast<std::size_t>(pooled));
    const Tensor sizes = sinusoids(row.subspan(summary.size()), config_.addition_time_embed_dim);
    to = std::ranges::copy(summary, to).out;
    to = std::ranges::copy(sizes.values(), to).out;
  }
  return told;
}

Tensor UNet::embed_vectors(const Tensor& vectors) const {
  if (added_linear1_) {
    const Tensor told = ops_->to_device(config_.pooled_text_dim > 0 ? embed_sizes(vectors) : vectors);
    return (*added_linear2_)((*added_linear1_)(told, {.activation = ops::Activation::silu}));
  }
  const std::vector<std::int32_t> classes(vectors.values().begin(), vectors.values().end());
  return ops_->embedding(classes, *class_embedding_);
}

std::vector<TimeContext> UNet::project_times(std::span<const float> timesteps, const Tensor& vectors) const {
  // A row for each timestep and member of the batch.
  const std::int64_t members = is_told_vectors() ? vectors.dim(0) : 1;
  std::vector<float> times;
  for (const float timestep : timesteps)
    times.insert(times.end(), static_cast<std::size_t>(members), timestep);
  const Tensor waves = ops_->to_device(sinusoids(times, config_.block_out_channels.front()));
  Tensor embedding = time_linear2_(time_linear1_(waves, {.activation = ops::Activation::silu}));
  if (is_told_vectors())
    embedding = ops_->add(embedding, concat_rows(std::vector(timesteps.size(), embed_vectors(vectors))));
  embedding = ops_->activate(embedding, ops::Activation::silu);
  std::vector<TimeContext> contexts(timesteps.size());
  const auto project = [&](const ResnetBlock& resnet) {
    const Tensor all = resnet.project_time(embedding);
    for (std::size_t i = 0; i < contexts.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i) * members;
      contexts[i].push_back(all.slice(row, row + members));
    }
  };
  for (const auto& level : down_) std::ranges::for_each(level.resnets, project);
  std::ranges::for_each(mid_.resnets, project);
  for (const auto& level : up_) std::ranges::for_each(level.resnets, project);
  return contexts;
}

TextContext UNet::project_tokens(const Tensor& tokens) const {
  TextContext context;
  for (const auto& level : down_) {
    for (const auto& attention : level.attentions) context.push_back(attention.project_text(tokens));
  }
  for (const auto& attention : mid_.attentions) context.push_back(attention.project_text(tokens));
  for (const auto& level : up_) {
    for (const auto& attention : level.attentions) context.push_back(attention.project_text(tokens));
  }
  return context;
}

UNet::Traversal UNet::go_down(const Tensor& latents, const TimeContext& time, const TextContext& text,
                              const Taps& taps) const {
  Traversal traversal{time.begin(), text.begin(), taps, conv_in_(latents), {}};
  const Taps own = {.words = taps.words};
  Tensor& h = traversal.h;
  traversal.skips = {h};
  for (const auto& level : down_) {
    for (std::size_t j = 0; j < level.resnets.size(); ++j) {
      h = level.resnets[j](h, &*traversal.time++);
      if (!level.attentions.empty()) h = level.attentions[j](h, *traversal.text++, own);
      traversal.skips.push_back(h);
    }
    if (level.resample) traversal.skips.push_back(h = (*level.resample)(h));
  }
  for (std::size_t j = 0; j < mid_.resnets.size(); ++j) {
    h = mid_.resnets[j](h, &*traversal.time++);
    if (j < mid_.attentions.size()) h = mid_.attentions[j](h, *traversal.text++, own);
  }
  return traversal;
}

UNet::Traversal UNet::go_across(const Tensor& latents, const TimeContext& time, const TextContext& text,
                                const Taps& taps) const {
  const auto own_text = up_.back().attentions.empty() ? text.end() : text.end() - 1;
  return {time.end() - 1, own_text, taps, taps.deep->features, {conv_in_(latents)}};
}

Tensor UNet::with_layout(const Tensor& h, LayoutTap& layout) const {
  if (layout.features.defined()) return ops_->mix(h, layout.features, layout.share);
  return layout.features = h;
}

void UNet::go_through(std::size_t index, std::size_t layer, Traversal& traversal) const {
  const Level& level = up_[index];
  const auto& [layout, words, deep] = traversal.taps;
  const bool has_layout = layout != nullptr && index == std::min(layout->level, up_.size() - 1);
  const bool gives_features = deep != nullptr && index == up_.size() - 1;
  Tensor& h = traversal.h;
  for (std::size_t j = layer; j < level.resnets.size(); ++j) {
    if (gives_features && j == last_layer()) deep->features = h;
    h = level.resnets[j](ops_->concat_channels(h, traversal.skips.back()), &*traversal.time++);
    traversal.skips.pop_back();
    if (has_layout && j == 0) h = with_layout(h, *layout);
    if (!level.attentions.empty()) h = level.attentions[j](h, *traversal.text++, traversal.taps);
  }
}

void UNet::go_up(const Level& level, Traversal& traversal) const {
  if (!level.resample) return;
  const Tensor& skip = traversal.skips.back();
  traversal.h = (*level.resample)(ops_->upsample_nearest2x(traversal.h, skip.dim(1), skip.dim(2)));
}

Tensor UNet::operator()(const Tensor& latents, const TimeContext& time, const TextContext& text,
                        const Taps& taps) const {
  const bool across = taps.deep != nullptr && taps.deep->features.defined();
  Traversal traversal = across ? go_across(latents, time, text, taps) : go_down(latents, time, text, taps);
  if (across) {
    go_through(up_.size() - 1, last_layer(), traversal);
  } else {
    for (std::size_t i = 0; i < up_.size(); ++i) {
      go_through(i, 0, traversal);
      go_up(up_[i], traversal);
    }
  }
  return conv_out_(norm_out_(traversal.h, {.activation = ops::Activation::silu}));
}

}  // namespace latentdial::detail::models
