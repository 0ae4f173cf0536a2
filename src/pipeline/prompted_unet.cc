#include "pipeline/prompted_unet.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace latentdial {
namespace {

// Lists of prompts whose keys and values are kept: a guidance that changes over a run has a few.
constexpr std::size_t kMostProjected = 4;

// Timesteps that are kept: more than any schedule has.
constexpr std::size_t kMostTimes = 2000;

/// One tensor [1,…] of each input, one after the other as [N,…].
Tensor stack(const std::vector<PromptedLatents>& inputs, Tensor PromptedLatents::*part) {
  Shape shape = (inputs.front().*part).shape();
  shape[0] = static_cast<std::int64_t>(inputs.size());
  Tensor batch = Tensor::empty(shape);
  const auto bytes = (inputs.front().*part).bytes();
  for (std::size_t i = 0; i < inputs.size(); ++i)
    std::memcpy(batch.raw() + i * bytes, (inputs[i].*part).raw(), bytes);
  return batch;
}

/// For each input the one whose layout it takes, or nothing where all keep their own.
std::vector<std::int64_t> structure_of(const std::vector<PromptedLatents>& inputs) {
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto from = inputs[i].structure_of;
    result.push_back(from < 0 ? static_cast<std::int64_t>(i) : from);
  }
  const bool own =
      std::all_of(inputs.begin(), inputs.end(), [](const auto& x) { return x.structure_of < 0; });
  return own ? std::vector<std::int64_t>() : result;
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
  for (const auto& input : inputs) made.text_states.push_back(input.text_states);
  made.context = unet_->project_text(ops_->to_device(stack(inputs, &PromptedLatents::text_states)));
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

std::vector<Tensor> PromptedUNet::operator()(const std::vector<PromptedLatents>& inputs, float timestep) {
  const Tensor batch = ops_->to_device(stack(inputs, &PromptedLatents::latents));
  const auto structure = structure_of(inputs);
  const Tensor outputs = ops_->to_host((*unet_)(batch, times_.at(timestep), project(inputs), structure));
  std::vector<Tensor> answers;
  for (std::int64_t i = 0; i < outputs.dim(0); ++i) answers.push_back(outputs.slice(i, i + 1));
  return answers;
}

}  // namespace latentdial
