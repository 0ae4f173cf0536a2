#include "pipeline/prompted_unet.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "dial/text_states.h"

namespace latentdial {
namespace {

// Lists of prompts whose keys and values are kept: a guidance that changes over a run has a few.
constexpr std::size_t kMostProjected = 8;

// Timesteps that are kept: more than any schedule has.
constexpr std::size_t kMostTimes = 2000;

std::vector<Tensor> each(const std::vector<PromptedLatents>& inputs, Tensor PromptedLatents::*part) {
  std::vector<Tensor> result;
  for (const auto& input : inputs) result.push_back(input.*part);
  return result;
}

bool keep_their_layout(const std::vector<PromptedLatents>& inputs) {
  return std::all_of(inputs.begin(), inputs.end(), [](const auto& x) { return x.structure_of < 0; });
}

/// For each input the one whose layout it takes, or nothing where all keep their own.
std::vector<std::int64_t> structure_of(const std::vector<PromptedLatents>& inputs) {
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto from = inputs[i].structure_of;
    result.push_back(from < 0 ? static_cast<std::int64_t>(i) : from);
  }
  return keep_their_layout(inputs) ? std::vector<std::int64_t>() : result;
}

}  // namespace

const models::TextContext& PromptedUNet::project(const std::vector<PromptedLatents>& inputs) {
  const auto matches = [&](const Projected& known) {
    return std::equal(inputs.begin(), inputs.end(), known.text_states.begin(), known.text_states.end(),
                      [](const PromptedLatents& input, const Tensor& states) {
                        return input.text_states.raw() == states.raw();
                      });
  };
  const auto found = std::find_if(projected_.begin(), projected_.end(), matches);
  if (found != projected_.end()) return found->context;

  Projected made;
  made.text_states = each(inputs, &PromptedLatents::text_states);
  made.context = unet_->project_text(ops_->to_device(concat_rows(same_length(made.text_states))));
  if (projected_.size() == kMostProjected) projected_.pop_front();
  return projected_.emplace_back(std::move(made)).context;
}

void PromptedUNet::expect(const std::vector<float>& timesteps) {
  if (times_.size() + timesteps.size() > kMostTimes) times_.clear();
  std::vector<float> fresh;
  std::copy_if(timesteps.begin(), timesteps.end(), std::back_inserter(fresh),
               [&](float timestep) { return !times_.contains(timestep); });
  if (fresh.empty()) return;
  const auto contexts = unet_->project_times(fresh);
  for (std::size_t i = 0; i < fresh.size(); ++i) times_[fresh[i]] = contexts[i];
}

std::vector<Tensor> PromptedUNet::run(const std::vector<PromptedLatents>& inputs, float timestep) {
  const Tensor batch = ops_->to_device(concat_rows(each(inputs, &PromptedLatents::latents)));
  const auto structure = structure_of(inputs);
  const Tensor outputs =
      ops_->to_host((*unet_)(batch, times_.at(timestep), project(inputs), {.structure_of = structure}));
  std::vector<Tensor> answers;
  for (std::int64_t i = 0; i < outputs.dim(0); ++i) answers.push_back(outputs.slice(i, i + 1));
  return answers;
}

std::vector<Tensor> PromptedUNet::look_at_words(const PromptedLatents& input, float timestep,
                                                const std::vector<std::int64_t>& tokens) {
  models::WordMaps words{tokens};
  (void)(*unet_)(ops_->to_device(input.latents), times_.at(timestep), project({input}), {.words = &words});
  return std::move(words.maps);
}

Tensor PromptedUNet::scene_features(const PromptedLatents& input, float timestep) {
  return ops_->to_host(
      unet_->scene_features(ops_->to_device(input.latents), times_.at(timestep), project({input})));
}

std::vector<Tensor> PromptedUNet::operator()(const std::vector<PromptedLatents>& inputs, float timestep) {
  if (!keep_their_layout(inputs)) return run(inputs, timestep);
  std::map<std::int64_t, std::vector<std::size_t>> by_length;
  for (std::size_t i = 0; i < inputs.size(); ++i) by_length[inputs[i].text_states.dim(1)].push_back(i);
  std::vector<Tensor> answers(inputs.size());
  for (const auto& [length, places] : by_length) {
    std::vector<PromptedLatents> group;
    for (const auto place : places) group.push_back(inputs[place]);
    auto answered = run(group, timestep);
    for (std::size_t i = 0; i < places.size(); ++i) answers[places[i]] = std::move(answered[i]);
  }
  return answers;
}

}  // namespace latentdial
