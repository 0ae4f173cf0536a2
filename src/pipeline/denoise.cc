#include "pipeline/denoise.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "latentdial/error.h"

namespace latentdial {
namespace {

// Lists of prompts whose keys and values are kept: a guidance that changes over a run has a few.
constexpr std::size_t kMostProjected = 4;

// Timesteps that are kept: more than any schedule has.
constexpr std::size_t kMostTimes = 2000;

/// The tensors [1,…] one after the other as [N,…].
Tensor stack(const std::vector<const Tensor*>& parts) {
  Shape shape = parts.front()->shape();
  shape[0] = static_cast<std::int64_t>(parts.size());
  Tensor batch = Tensor::empty(shape);
  const auto bytes = parts.front()->bytes();
  for (std::size_t i = 0; i < parts.size(); ++i) std::memcpy(batch.raw() + i * bytes, parts[i]->raw(), bytes);
  return batch;
}

}  // namespace

const models::TextContext& GuidedUNet::project(const std::vector<GuidanceTerm>& terms) {
  const auto matches = [&](const Projected& known) {
    return std::equal(terms.begin(), terms.end(), known.text_states.begin(), known.text_states.end(),
                      [](const GuidanceTerm& term, const Tensor& states) {
                        return term.text_states.raw() == states.raw();
                      });
  };
  const auto found = std::find_if(projected_.begin(), projected_.end(), matches);
  if (found != projected_.end()) return found->context;

  Projected made;
  std::vector<const Tensor*> parts;
  for (const auto& term : terms) {
    made.text_states.push_back(term.text_states);
    parts.push_back(&term.text_states);
  }
  made.context = unet_->project_text(ops_->to_device(stack(parts)));
  if (projected_.size() == kMostProjected) projected_.pop_front();
  return projected_.emplace_back(std::move(made)).context;
}

void GuidedUNet::expect(const std::vector<float>& timesteps) {
  if (times_.size() + timesteps.size() > kMostTimes) times_.clear();
  std::vector<float> fresh;
  std::copy_if(timesteps.begin(), timesteps.end(), std::back_inserter(fresh),
               [&](float timestep) { return !times_.contains(timestep); });
  if (fresh.empty()) return;
  const auto contexts = unet_->project_times(fresh);
  for (std::size_t i = 0; i < fresh.size(); ++i) times_[fresh[i]] = contexts[i];
}

Tensor GuidedUNet::operator()(const Tensor& latents, float timestep, const std::vector<GuidanceTerm>& terms) {
  const Tensor batch = stack(std::vector<const Tensor*>(terms.size(), &latents));
  const Tensor outputs = ops_->to_host((*unet_)(ops_->to_device(batch), times_.at(timestep), project(terms)));

  Tensor guided = Tensor::zeros({1, outputs.dim(1), outputs.dim(2), outputs.dim(3)});
  const auto n = guided.values().size();
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < terms.size(); ++k) sum += terms[k].weight * outputs.values()[k * n + i];
    guided.values()[i] = static_cast<float>(sum);
  }
  return guided;
}

Tensor denoise(GuidedUNet& unet, Sampler& sampler, const Conditioning& conditioning, Tensor latents,
               int first, const NoiseSource& noise, const Observer& observer) {
  const int last = sampler.evaluations();
  std::vector<float> timesteps;
  for (int i = first; i < last; ++i) timesteps.push_back(sampler.timestep(i));
  unet.expect(timesteps);
  for (int i = first; i < last; ++i) {
    if (observer.stop.stop_requested())
      throw Error(ErrorCode::cancelled, "stopped before the picture was finished");
    const Tensor prediction =
        unet(sampler.scale_model_input(latents, i), sampler.timestep(i), conditioning(sampler.progress(i)));
    latents = sampler.step(prediction, i, latents, noise);
    if (observer.on_step) observer.on_step({.step = i - first + 1, .steps = last - first});
  }
  return latents;
}

}  // namespace latentdial
