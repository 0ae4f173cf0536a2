#include "denoise/ding.h"

#include <cmath>
#include <cstddef>

#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

constexpr double kKnownsNoise = 0.01;  // σ_y

/// The stochastic step of one run: the mean of where it leads, and how far the noise does.
struct Step {
  Tensor mean;
  double deviation = 0;
};

/// Of the deterministic step's result, whose noise is all predicted.
Step stochastic(const Denoising& run, const Evaluated& seen) {
  const auto [signal, noise] = run.sampler->noise_level(run.next);
  const double deviation = noise * (1.0 - signal);
  const Tensor epsilon = run.sampler->split_prediction(seen.prediction, seen.latents, run.next - 1).epsilon;
  const double left = std::sqrt(noise * noise - deviation * deviation);
  return {linear_combination({{1, run.latents}, {left - noise, epsilon}}), deviation};
}

/// Gives the known places of a run what they are at this noise, `epsilon` being that which it was found to
/// have.
void keep_known(Denoising& run, const Step& step, const Tensor& epsilon) {
  const auto [signal, noise] = run.sampler->noise_level(run.next);
  const double variance = step.deviation * step.deviation;
  const double knowns = signal * signal * kKnownsNoise * kKnownsNoise;
  const double share = variance / (variance + knowns);
  const Tensor& known = run.known->latents;
  const Tensor kept = linear_combination(
      {{1 - share, step.mean},
       {share * signal, known},
       {share * noise, epsilon},
       {signal * kKnownsNoise * std::sqrt(share), run.generator.randn_nhwc(known.shape())}});
  const auto channels = static_cast<std::size_t>(known.dim(-1));
  const double done = run.sampler->progress(run.next);
  for (std::size_t i = 0; i < kept.values().size(); ++i)
    if (run.known->keeps(i / channels, done)) run.latents.values()[i] = kept.values()[i];
}

}  // namespace

void look_again(PromptedDenoiser& denoiser, std::vector<Denoising>& runs,
                const std::vector<Evaluated>& seen) {
  std::vector<Step> steps;
  std::vector<GuidedLatents> pictures;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    Denoising& run = runs[r];
    const auto& [mean, deviation] = steps.emplace_back(stochastic(run, seen[r]));
    run.latents = linear_combination({{1, mean}, {deviation, run.generator.randn_nhwc(mean.shape())}});
    pictures.push_back({.latents = run.sampler->scale_model_input(run.latents, run.next),
                        .step = run.conditioning(run.sampler->progress(run.next))});
  }
  const auto predictions = denoiser.guided(pictures, runs.front().sampler->timestep(runs.front().next));
  for (std::size_t r = 0; r < runs.size(); ++r)
    keep_known(runs[r], steps[r],
               runs[r].sampler->split_prediction(predictions[r], runs[r].latents, runs[r].next).epsilon);
}

}  // namespace latentdial::detail
