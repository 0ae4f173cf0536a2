#include "denoise/denoising.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "denoise/channels.h"
#include "denoise/ding.h"
#include "latentdial/error.h"
#include "tensor/arithmetic.h"
#include "tensor/stop_scope.h"

namespace latentdial::detail {
namespace {

bool looks_twice(const Denoising& run) {
  return run.known && run.known->twice;
}

/// What a tile's conditions are told beside its latents: its part of what the whole is told.
void cut_channels(Denoising& run, std::vector<Condition>& conditions, std::size_t tile) {
  Tensor& beside = run.beside[tile];
  for (Condition& condition : conditions) {
    if (!condition.channels.defined() || are_everywhere(condition.channels)) continue;
    if (!beside.defined()) beside = cut(condition.channels, run.tiles[tile]);
    condition.channels = beside;
  }
}

/// Asks the denoiser about `latents`, which are a run's, or its tile's of that number.
GuidedLatents input_of(Denoising& run, const Tensor& latents, std::size_t tile = 0) {
  Features& deep = run.deep[tile];
  GuidedLatents input = {.latents = latents,
                         .step = run.conditioning(run.sampler->progress(run.next)),
                         .deep = run.reuse.every > 1 ? &deep : nullptr};
  if (!run.tiles.empty()) cut_channels(run, input.step.conditions, tile);
  if (!run.reuse.computes(run.next) && !deep.empty()) return input;
  deep.forget();
  if (run.layout_to) input.layout_to = &(*run.layout_to)[run.next];
  if (run.layout_from && run.layout_from->contains(run.next))
    input.layout_from = &run.layout_from->at(run.next);
  return input;
}

/// The guided prediction for a run that is looked at in tiles.
Tensor predicted_in_tiles(PromptedDenoiser& denoiser, Denoising& run) {
  const Tensor latents = run.sampler->scale_model_input(run.latents, run.next);
  run.deep.resize(run.tiles.size());
  run.beside.resize(run.tiles.size());
  const auto places = run.tiles.front().height * run.tiles.front().width;
  const auto at_once = static_cast<std::size_t>(std::max<std::int64_t>(1, kMostLatentPixels / places));
  TileMean mean(latents.dim(1), latents.dim(2), latents.dim(3));
  for (std::size_t begin = 0; begin < run.tiles.size(); begin += at_once) {
    throw_if_stopped(StopScope::current());
    const auto end = std::min(run.tiles.size(), begin + at_once);
    std::vector<GuidedLatents> inputs;
    for (auto i = begin; i < end; ++i) inputs.push_back(input_of(run, cut(latents, run.tiles[i]), i));
    const auto predictions = denoiser.guided(inputs, run.sampler->timestep(run.next));
    for (auto i = begin; i < end; ++i) mean.add(run.tiles[i], predictions[i - begin]);
  }
  return mean.whole();
}

/// The guided prediction for each run.
std::vector<Tensor> predicted(PromptedDenoiser& denoiser, std::vector<Denoising>& runs,
                              const LayoutShare& layout) {
  if (!runs.front().tiles.empty()) {
    std::vector<Tensor> predictions;
    for (Denoising& run : runs) predictions.push_back(predicted_in_tiles(denoiser, run));
    return predictions;
  }
  std::vector<GuidedLatents> pictures;
  for (Denoising& run : runs)
    pictures.push_back(input_of(run, run.sampler->scale_model_input(run.latents, run.next)));
  return denoiser.guided(pictures, runs.front().sampler->timestep(runs.front().next), layout);
}

void forget_features(Denoising& run) {
  for (Features& deep : run.deep) deep.forget();
}

std::vector<Evaluated> advance(PromptedDenoiser& denoiser, std::vector<Denoising>& runs,
                               const LayoutShare& layout) {
  std::vector<Evaluated> seen;
  const auto predictions = predicted(denoiser, runs, layout);
  for (std::size_t r = 0; r < runs.size(); ++r) {
    Denoising& run = runs[r];
    const auto noise = [&run](const Shape& shape) { return run.generator.randn_nhwc(shape); };
    const auto& [latents, prediction] = seen.emplace_back(Evaluated{run.latents, predictions[r]});
    run.latents = run.sampler->step(prediction, run.next, latents, noise);
    if (!run.corrections.empty())
      run.latents =
          linear_combination({{1, run.latents}, {1, run.corrections[static_cast<std::size_t>(run.next)]}});
    ++run.next;
    const bool ended = run.next == run.sampler->evaluations();
    if (ended) forget_features(run);
    if (ended || !looks_twice(run)) put_back_known(run);
  }
  if (looks_twice(runs.front()) && runs.front().next < runs.front().sampler->evaluations())
    look_again(denoiser, runs, seen);
  return seen;
}

}  // namespace

Denoising Denoising::fork(Conditioning other) const {
  return {std::move(other), sampler->clone(), generator, latents, next, corrections, known, reuse, deep,
          nullptr,          layout_from,      tiles,     beside};
}

void put_back_known(Denoising& run) {
  if (!run.known) return;
  const Tensor& known = run.known->latents;
  const bool ended = run.next == run.sampler->evaluations();
  const double done = ended ? 1 : run.sampler->progress(run.next);
  const Tensor level =
      ended ? known : run.sampler->add_noise(known, run.generator.randn_nhwc(known.shape()), run.next);
  const auto channels = static_cast<std::size_t>(known.dim(-1));
  run.latents = run.latents.clone();
  for (std::size_t i = 0; i < level.values().size(); ++i) {
    if (run.known->keeps(i / channels, done)) run.latents.values()[i] = level.values()[i];
  }
}

void denoise(PromptedDenoiser& denoiser, std::vector<Denoising>& runs, int until,
             const OnEvaluation& on_evaluation, const std::stop_token& stop, const LayoutShare& layout) {
  if (runs.empty() || runs.front().next >= until) return;
  denoiser.expect(runs.front().sampler->timesteps(runs.front().next, until));
  while (runs.front().next < until) {
    if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "stopped before the picture was finished");
    const auto seen = advance(denoiser, runs, layout);
    if (!on_evaluation) continue;
    on_evaluation([&](std::size_t r) {
      const Denoising& run = runs[r];
      return run.sampler->split_prediction(seen[r].prediction, seen[r].latents, run.next - 1).x0;
    });
  }
}

}  // namespace latentdial::detail
