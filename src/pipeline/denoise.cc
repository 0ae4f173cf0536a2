#include "pipeline/denoise.h"

#include <cstring>

#include "latentdial/error.h"

namespace latentdial {
namespace {

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

Tensor predict(const models::UNet& unet, const ops::Backend& ops, const Tensor& latents, float timestep,
               const std::vector<GuidanceTerm>& terms) {
  std::vector<const Tensor*> text_states;
  for (const auto& term : terms) text_states.push_back(&term.text_states);
  const Tensor batch = stack(std::vector<const Tensor*>(terms.size(), &latents));
  const Tensor outputs = ops.to_host(unet(ops.to_device(batch), timestep, ops.to_device(stack(text_states))));

  Tensor guided = Tensor::zeros({1, outputs.dim(1), outputs.dim(2), outputs.dim(3)});
  const auto n = guided.values().size();
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < terms.size(); ++k) sum += terms[k].weight * outputs.values()[k * n + i];
    guided.values()[i] = static_cast<float>(sum);
  }
  return guided;
}

Tensor denoise(const models::UNet& unet, const ops::Backend& ops, Sampler& sampler,
               const Conditioning& conditioning, Tensor latents, int first, const NoiseSource& noise,
               const Observer& observer) {
  const int last = sampler.evaluations();
  for (int i = first; i < last; ++i) {
    if (observer.stop.stop_requested())
      throw Error(ErrorCode::cancelled, "stopped before the picture was finished");
    const Tensor prediction = predict(unet, ops, sampler.scale_model_input(latents, i), sampler.timestep(i),
                                      conditioning(sampler.progress(i)));
    latents = sampler.step(prediction, i, latents, noise);
    if (observer.on_step) observer.on_step({.step = i - first + 1, .steps = last - first});
  }
  return latents;
}

}  // namespace latentdial
