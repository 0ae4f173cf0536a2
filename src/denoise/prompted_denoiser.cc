#include "denoise/prompted_denoiser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>
#include <utility>

#include "denoise/channels.h"
#include "dial/text_states.h"
#include "models/config.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

// Lists of conditions that are kept: a guidance that changes over a run has a few.
constexpr std::size_t kMostPrepared = 8;

// Timesteps that are kept: more than any schedule has.
constexpr std::size_t kMostTimes = 2000;

std::vector<Tensor> rows_of(const Tensor& batch) {
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < batch.dim(0); ++i) rows.push_back(batch.slice(i, i + 1));
  return rows;
}

/// Channels [1,1,1,K] at every place: [1,h,w,K].
Tensor everywhere(const Tensor& channels, std::int64_t height, std::int64_t width) {
  Tensor result = Tensor::empty({1, height, width, channels.dim(-1)});
  for (auto to = result.values().begin(); to != result.values().end();)
    to = std::ranges::copy(channels.values(), to).out;
  return result;
}

/// What lies beside a picture's latents of this height and width, where anything does.
Tensor channels_of(const Condition& condition, std::int64_t height, std::int64_t width) {
  const Tensor& own = condition.channels;
  return are_everywhere(own) ? everywhere(own, height, width) : own;
}

/// The sizes of a picture, which is whole and nothing but itself, [1,6], or [1,4] where a score follows;
/// undefined where none are told.
Tensor sizes_told(const PromptedLatents& input) {
  const Condition& condition = input.condition;
  if (condition.told_scale == 0) return {};
  const auto height = static_cast<float>(condition.told_scale * input.latents.dim(1));
  const auto width = static_cast<float>(condition.told_scale * input.latents.dim(2));
  if (condition.aesthetic_score)
    return Tensor::of({1, models::kToldSizesAndScore - 1}, std::array{height, width, 0.0F, 0.0F});
  return Tensor::of({1, models::kToldSizes}, std::array{height, width, 0.0F, 0.0F, height, width});
}

/// A condition's vector with what follows it.
Tensor vector_told(const Condition& condition, const Tensor& sizes) {
  if (!sizes.defined()) return condition.vector;
  const Tensor told = beside(condition.vector, sizes);
  const auto& score = condition.aesthetic_score;
  return score ? beside(told, Tensor::of({1, 1}, std::array{*score})) : told;
}

/// What can be computed of a condition before there are latents.
Condition without_channels(Condition condition) {
  condition.channels = {};
  return condition;
}

/// What is done about features of an input.
enum class Use { none, given, taken };

Use deep_use(const PromptedLatents& input) {
  if (input.deep == nullptr) return Use::none;
  return input.deep->defined() ? Use::taken : Use::given;
}

Use layout_use(const PromptedLatents& input) {
  if (deep_use(input) == Use::taken) return Use::none;  // Where it is found is not computed.
  if (input.layout_from != nullptr) return Use::taken;
  return input.layout_to != nullptr ? Use::given : Use::none;
}

/// The features that the members of a batch take, [B,h,w,C].
template <class Kept>
Tensor taken_by(const std::vector<PromptedLatents>& inputs, Kept PromptedLatents::*features) {
  std::vector<Tensor> rows;
  for (const PromptedLatents& input : inputs) rows.push_back(*(input.*features));
  return concat_rows(rows);
}

void give(const Tensor& batch, const std::vector<PromptedLatents>& inputs,
          Tensor* PromptedLatents::*features) {
  const auto rows = rows_of(batch);
  for (std::size_t i = 0; i < inputs.size(); ++i) *(inputs[i].*features) = rows[i];
}

}  // namespace

const models::Denoiser& PromptedDenoiser::asked(const Condition& condition) const {
  return condition.denoiser ? *condition.denoiser : *denoiser_;
}

void PromptedDenoiser::forget(const models::Denoiser& other) {
  std::erase_if(prepared_,
                [&](const Prepared& one) { return one.conditions.front().denoiser.get() == &other; });
}

void PromptedDenoiser::expect(const std::vector<float>& timesteps) {
  if (expected_.size() + timesteps.size() > kMostTimes) {
    expected_.clear();
    prepared_.clear();
  }
  expected_.insert(timesteps.begin(), timesteps.end());
}

auto PromptedDenoiser::prepare(const std::vector<PromptedLatents>& inputs) -> Prepared& {
  const Tensor sizes = sizes_told(inputs.front());
  const auto matches = [&](const Prepared& known) {
    const bool same_sizes = !sizes.defined() || std::ranges::equal(sizes.values(), known.sizes.values());
    return same_sizes && std::ranges::equal(inputs, known.conditions,
                                            [](const PromptedLatents& input, const Condition& one) {
                                              return without_channels(input.condition).is(one);
                                            });
  };
  const auto found = std::ranges::find_if(prepared_, matches);
  if (found != prepared_.end()) return *found;
  Prepared made;
  made.sizes = sizes;
  std::vector<Tensor> tokens, vectors;
  for (const auto& input : inputs) {
    made.conditions.push_back(without_channels(input.condition));
    tokens.push_back(input.condition.tokens);
    if (input.condition.vector.defined()) vectors.push_back(vector_told(input.condition, sizes));
  }
  if (!vectors.empty()) made.vectors = concat_rows(vectors);
  made.text =
      asked(made.conditions.front()).project_tokens(ops_->to_device(concat_rows(same_length(tokens))));
  if (prepared_.size() == kMostPrepared) prepared_.pop_front();
  return prepared_.emplace_back(std::move(made));
}

const models::TimeContext& PromptedDenoiser::time_of(Prepared& prepared, float timestep) {
  const auto found = prepared.times.find(timestep);
  if (found != prepared.times.end()) return found->second;
  expected_.insert(timestep);
  std::vector<float> fresh;
  std::ranges::copy_if(expected_, std::back_inserter(fresh),
                       [&](float expected) { return !prepared.times.contains(expected); });
  auto contexts = asked(prepared.conditions.front()).project_times(fresh, prepared.vectors);
  for (std::size_t i = 0; i < fresh.size(); ++i) prepared.times[fresh[i]] = std::move(contexts[i]);
  return prepared.times.at(timestep);
}

Tensor PromptedDenoiser::latents_of(const std::vector<PromptedLatents>& inputs) const {
  std::vector<Tensor> latents, channels;
  for (const auto& [own, condition, deep, layout_to, layout_from] : inputs) {
    latents.push_back(own);
    if (condition.channels.defined()) channels.push_back(channels_of(condition, own.dim(1), own.dim(2)));
  }
  const Tensor batch = ops_->to_device(concat_rows(latents));
  return channels.empty() ? batch : ops_->concat_channels(batch, ops_->to_device(concat_rows(channels)));
}

Tensor PromptedDenoiser::call(const std::vector<PromptedLatents>& inputs, float timestep,
                              const models::Taps& taps) {
  Prepared& prepared = prepare(inputs);
  return asked(inputs.front().condition)(latents_of(inputs), time_of(prepared, timestep), prepared.text,
                                         taps);
}

std::vector<Tensor> PromptedDenoiser::run(const std::vector<PromptedLatents>& inputs, float timestep,
                                          const LayoutShare& share) {
  models::DeepTap deep;
  models::LayoutTap layout{share.level, share.share};
  const Use deep_is = deep_use(inputs.front()), layout_is = layout_use(inputs.front());
  if (deep_is == Use::taken) deep.features = ops_->to_device(taken_by(inputs, &PromptedLatents::deep));
  if (layout_is == Use::taken)
    layout.features = ops_->to_device(taken_by(inputs, &PromptedLatents::layout_from));
  const Tensor outputs = ops_->to_host(call(inputs, timestep,
                                            {.layout = layout_is == Use::none ? nullptr : &layout,
                                             .deep = deep_is == Use::none ? nullptr : &deep}));
  require_finite(outputs, "unet", fmt::format("timestep {:g}", timestep));
  if (deep_is == Use::given) give(ops_->to_host(deep.features), inputs, &PromptedLatents::deep);
  if (layout_is == Use::given) give(ops_->to_host(layout.features), inputs, &PromptedLatents::layout_to);
  return rows_of(outputs);
}

std::vector<Tensor> PromptedDenoiser::look_at_words(const PromptedLatents& input, float timestep,
                                                    const std::vector<std::int64_t>& tokens) {
  models::WordsTap words{tokens};
  (void)call({input}, timestep, {.words = &words});
  return std::move(words.maps);
}

std::vector<Tensor> PromptedDenoiser::operator()(const std::vector<PromptedLatents>& inputs, float timestep,
                                                 const LayoutShare& layout) {
  std::map<std::tuple<const models::Denoiser*, std::int64_t, Use, Use>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const PromptedLatents& input = inputs[i];
    const Condition& condition = input.condition;
    groups[{condition.denoiser.get(), condition.tokens.dim(1), deep_use(input), layout_use(input)}].push_back(
        i);
  }
  std::vector<Tensor> answers(inputs.size());
  for (const auto& [alike, places] : groups) {
    std::vector<PromptedLatents> group;
    for (const auto place : places) group.push_back(inputs[place]);
    auto answered = run(group, timestep, layout);
    for (std::size_t i = 0; i < places.size(); ++i) answers[places[i]] = std::move(answered[i]);
  }
  return answers;
}

std::vector<Tensor> PromptedDenoiser::guided(const std::vector<GuidedLatents>& pictures, float timestep,
                                             const LayoutShare& layout) {
  std::vector<PromptedLatents> inputs;
  for (const auto& [latents, step, deep, layout_to, layout_from] : pictures) {
    for (const Condition& condition : step.conditions) {
      PromptedLatents& input = inputs.emplace_back(PromptedLatents{latents, condition});
      if (deep != nullptr) input.deep = &deep->of(condition);
      if (layout_to != nullptr) input.layout_to = &layout_to->of(condition);
      if (layout_from != nullptr) input.layout_from = &layout_from->like(condition);
    }
  }
  const auto answers = (*this)(inputs, timestep, layout);
  std::vector<Tensor> predictions;
  for (auto next = answers.begin(); const GuidedLatents& picture : pictures) {
    const auto end = next + static_cast<std::ptrdiff_t>(picture.step.conditions.size());
    predictions.push_back(picture.step.combine({next, end}));
    next = end;
  }
  return predictions;
}

}  // namespace latentdial::detail
