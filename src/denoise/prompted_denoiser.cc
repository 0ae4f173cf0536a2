#include "denoise/prompted_denoiser.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "dial/text_states.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

// Lists of conditions that are kept: a guidance that changes over a run has a few.
constexpr std::size_t kMostPrepared = 8;

// Timesteps that are kept: more than any schedule has.
constexpr std::size_t kMostTimes = 2000;

bool keep_their_layout(const std::vector<PromptedLatents>& inputs) {
  return std::ranges::all_of(inputs, [](const auto& input) { return input.layout_of < 0; });
}

/// For each input the one whose layout it has.
std::vector<std::int64_t> layouts_of(const std::vector<PromptedLatents>& inputs) {
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    result.push_back(inputs[i].layout_of < 0 ? static_cast<std::int64_t>(i) : inputs[i].layout_of);
  return result;
}

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

/// What is done about the deeper levels of an input.
enum class Deep { computed, kept, taken };

Deep deep_of(const PromptedLatents& input) {
  if (input.deep == nullptr) return Deep::computed;
  return input.deep->defined() ? Deep::taken : Deep::kept;
}

bool same_values(const Tensor& a, const Tensor& b) {
  return a.raw() == b.raw() || (a.shape() == b.shape() && std::ranges::equal(a.values(), b.values()));
}

bool same_values(const Condition& a, const Condition& b) {
  return same_values(a.tokens, b.tokens) && same_values(a.vector, b.vector) &&
         same_values(a.channels, b.channels);
}

/// Where a step asks the same as under `condition`; its last condition where it does not.
std::size_t layout_place(const GuidedStep& step, const Condition& condition) {
  const auto same = std::ranges::find_if(
      step.conditions, [&](const Condition& other) { return same_values(other, condition); });
  const auto place = static_cast<std::size_t>(same - step.conditions.begin());
  return std::min(place, step.conditions.size() - 1);
}

}  // namespace

void PromptedDenoiser::expect(const std::vector<float>& timesteps) {
  if (expected_.size() + timesteps.size() > kMostTimes) {
    expected_.clear();
    prepared_.clear();
  }
  expected_.insert(timesteps.begin(), timesteps.end());
}

auto PromptedDenoiser::prepare(const std::vector<PromptedLatents>& inputs) -> Prepared& {
  const auto matches = [&](const Prepared& known) {
    return std::ranges::equal(
        inputs, known.conditions,
        [](const PromptedLatents& input, const Condition& one) { return input.condition.is(one); });
  };
  const auto found = std::ranges::find_if(prepared_, matches);
  if (found != prepared_.end()) return *found;
  Prepared made;
  std::vector<Tensor> tokens;
  for (const auto& input : inputs) {
    made.conditions.push_back(input.condition);
    tokens.push_back(input.condition.tokens);
  }
  made.text = denoiser_->project_tokens(ops_->to_device(concat_rows(same_length(tokens))));
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
  auto contexts = denoiser_->project_times(fresh);
  for (std::size_t i = 0; i < fresh.size(); ++i) prepared.times[fresh[i]] = std::move(contexts[i]);
  return prepared.times.at(timestep);
}

Tensor PromptedDenoiser::latents_of(const std::vector<PromptedLatents>& inputs) const {
  std::vector<Tensor> latents, channels;
  for (const auto& [own, condition, layout_of, deep] : inputs) {
    latents.push_back(own);
    if (channels_.defined())
      channels.push_back(condition.channels.defined() ? condition.channels
                                                      : everywhere(channels_, own.dim(1), own.dim(2)));
  }
  const Tensor batch = ops_->to_device(concat_rows(latents));
  return channels.empty() ? batch : ops_->concat_channels(batch, ops_->to_device(concat_rows(channels)));
}

Tensor PromptedDenoiser::call(const std::vector<PromptedLatents>& inputs, float timestep,
                              const models::Taps& taps) {
  Prepared& prepared = prepare(inputs);
  return (*denoiser_)(latents_of(inputs), time_of(prepared, timestep), prepared.text, taps);
}

std::vector<Tensor> PromptedDenoiser::run(const std::vector<PromptedLatents>& inputs, float timestep,
                                          const LayoutShare& layout) {
  const auto layouts = layouts_of(inputs);
  const models::LayoutTap tap{layouts, layout.level, layout.share};
  models::DeepTap deep;
  const Deep kind = deep_of(inputs.front());
  if (kind == Deep::taken) {
    std::vector<Tensor> features;
    for (const auto& input : inputs) features.push_back(*input.deep);
    deep.features = ops_->to_device(concat_rows(features));
  }
  const Tensor outputs = ops_->to_host(call(inputs, timestep,
                                            {.layout = keep_their_layout(inputs) ? nullptr : &tap,
                                             .deep = kind == Deep::computed ? nullptr : &deep}));
  require_finite(outputs, "unet", fmt::format("timestep {:g}", timestep));
  if (kind == Deep::kept) {
    const auto features = rows_of(ops_->to_host(deep.features));
    for (std::size_t i = 0; i < inputs.size(); ++i) *inputs[i].deep = features[i];
  }
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
  if (!keep_their_layout(inputs)) return run(inputs, timestep, layout);
  std::map<std::pair<std::int64_t, Deep>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    groups[{inputs[i].condition.tokens.dim(1), deep_of(inputs[i])}].push_back(i);
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
  std::vector<std::size_t> begins;
  for (const auto& [latents, step, layout_of, deep] : pictures) {
    begins.push_back(inputs.size());
    for (const Condition& condition : step.conditions) {
      PromptedLatents& input = inputs.emplace_back(PromptedLatents{latents, condition});
      if (deep != nullptr) input.deep = &deep->of(condition);
      if (layout_of < 0) continue;
      const auto other = static_cast<std::size_t>(layout_of);
      input.layout_of =
          static_cast<std::int64_t>(begins[other] + layout_place(pictures[other].step, condition));
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
