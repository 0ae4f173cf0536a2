#include "denoise/denoising.h"

#include <cstddef>
#include <utility>

#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// What the denoiser predicts under each run's conditions, in one batch.
std::vector<std::vector<Tensor>> predict(PromptedDenoiser& denoiser, const std::vector<Denoising>& runs,
                                         const std::vector<GuidedStep>& steps) {
  std::vector<PromptedLatents> inputs;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const Tensor scaled = runs[r].sampler->scale_model_input(runs[r].latents, runs[r].next);
    for (const Condition& condition : steps[r].conditions) inputs.push_back({scaled, condition});
  }
  const auto answers = denoiser(inputs, runs.front().sampler->timestep(runs.front().next));
  std::vector<std::vector<Tensor>> predictions;
  auto next = answers.begin();
  for (const auto& step : steps) {
    const auto end = next + static_cast<std::ptrdiff_t>(step.conditions.size());
    predictions.emplace_back(next, end);
    next = end;
  }
  return predictions;
}

/// What a run's latest evaluation was of, and what it said.
struct Evaluated {
  Tensor latents, prediction;
};

std::vector<Evaluated> advance(PromptedDenoiser& denoiser, std::vector<Denoising>& runs) {
  std::vector<Evaluated> seen;
  std::vector<GuidedStep> steps;
  for (const Denoising& run : runs) steps.push_back(run.conditioning(run.sampler->progress(run.next)));
  const auto predictions = predict(denoiser, runs, steps);
  for (std::size_t r = 0; r < runs.size(); ++r) {
    Denoising& run = runs[r];
    const auto noise = [&run](const Shape& shape) { return run.generator.randn_nhwc(shape); };
    const auto& [latents, prediction] =
        seen.emplace_back(Evaluated{run.latents, steps[r].combine(predictions[r])});
    run.latents = run.sampler->step(prediction, run.next, latents, noise);
    if (!run.corrections.empty())
      run.latents =
          linear_combination({{1, run.latents}, {1, run.corrections[static_cast<std::size_t>(run.next)]}});
    ++run.next;
  }
  return seen;
}

}  // namespace

Denoising Denoising::fork(Conditioning other) const {
  return {std::move(other), sampler->clone(), generator, latents, next, corrections};
}

void denoise(PromptedDenoiser& denoiser, std::vector<Denoising>& runs, int until,
             const OnEvaluation& on_evaluation, const std::stop_token& stop) {
  if (runs.empty() || runs.front().next >= until) return;
  denoiser.expect(runs.front().sampler->timesteps(runs.front().next, until));
  while (runs.front().next < until) {
    if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "stopped before the picture was finished");
    const auto seen = advance(denoiser, runs);
    if (!on_evaluation) continue;
    on_evaluation([&](std::size_t r) {
      const Denoising& run = runs[r];
      return run.sampler->split_prediction(seen[r].prediction, seen[r].latents, run.next - 1).x0;
    });
  }
}

}  // namespace latentdial::detail
