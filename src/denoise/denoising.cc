#include "denoise/denoising.h"

#include <cstddef>
#include <utility>

#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// What a run's latest evaluation was of, and what it said.
struct Evaluated {
  Tensor latents, prediction;
};

GuidedLatents input_of(Denoising& run) {
  GuidedLatents input = {.latents = run.sampler->scale_model_input(run.latents, run.next),
                         .step = run.conditioning(run.sampler->progress(run.next)),
                         .deep = run.reuse.every > 1 ? &run.deep : nullptr};
  if (!run.reuse.computes(run.next) && !run.deep.empty()) return input;
  run.deep.forget();
  if (run.layout_to) input.layout_to = &(*run.layout_to)[run.next];
  if (run.layout_from && run.layout_from->contains(run.next))
    input.layout_from = &run.layout_from->at(run.next);
  return input;
}

std::vector<Evaluated> advance(PromptedDenoiser& denoiser, std::vector<Denoising>& runs,
                               const LayoutShare& layout) {
  std::vector<Evaluated> seen;
  std::vector<GuidedLatents> pictures;
  for (Denoising& run : runs) pictures.push_back(input_of(run));
  const auto predictions =
      denoiser.guided(pictures, runs.front().sampler->timestep(runs.front().next), layout);
  for (std::size_t r = 0; r < runs.size(); ++r) {
    Denoising& run = runs[r];
    const auto noise = [&run](const Shape& shape) { return run.generator.randn_nhwc(shape); };
    const auto& [latents, prediction] = seen.emplace_back(Evaluated{run.latents, predictions[r]});
    run.latents = run.sampler->step(prediction, run.next, latents, noise);
    if (!run.corrections.empty())
      run.latents =
          linear_combination({{1, run.latents}, {1, run.corrections[static_cast<std::size_t>(run.next)]}});
    ++run.next;
    if (run.next == run.sampler->evaluations()) run.deep.forget();
    put_back_known(run);
  }
  return seen;
}

}  // namespace

Denoising Denoising::fork(Conditioning other) const {
  return {std::move(other), sampler->clone(), generator, latents, next, corrections, known, reuse, deep,
          nullptr,          layout_from};
}

void put_back_known(Denoising& run) {
  if (!run.known) return;
  const auto& [known, strengths] = *run.known;
  const bool ended = run.next == run.sampler->evaluations();
  const double done = ended ? 1 : run.sampler->progress(run.next);
  const Tensor level =
      ended ? known : run.sampler->add_noise(known, run.generator.randn_nhwc(known.shape()), run.next);
  const auto channels = static_cast<std::size_t>(known.dim(-1));
  run.latents = run.latents.clone();
  for (std::size_t i = 0; i < level.values().size(); ++i) {
    const float strength = strengths.values()[i / channels];
    if (strength == 0 || strength < 1 - done) run.latents.values()[i] = level.values()[i];
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
