#include "denoise/inversion.h"

#include <cmath>
#include <cstddef>
#include <utility>

#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// The level of the latents before evaluation `i`; clean ones follow the last.
NoiseLevel level_at(const Sampler& sampler, int i) {
  return i < sampler.evaluations() ? sampler.noise_level(i) : NoiseLevel{1, 0};
}

/// x_{i+1} at the scale of x_i: the first guess at it.
Tensor guess(const Sampler& sampler, int i, const Tensor& cleaner) {
  const NoiseLevel from = level_at(sampler, i + 1), to = level_at(sampler, i);
  return linear_combination(
      {{std::hypot(to.signal, to.noise) / std::hypot(from.signal, from.noise), cleaner}});
}

/// x_i = s_i x̂_0 + n_i ε̂ with x̂_0 = (x_{i+1} − n_{i+1} ε̂) / s_{i+1}: the DDIM step solved for where it came
/// from.
Tensor noisier(const Sampler& sampler, int i, const Tensor& cleaner, const Tensor& epsilon) {
  const NoiseLevel from = level_at(sampler, i + 1), to = level_at(sampler, i);
  const double ratio = static_cast<double>(to.signal) / from.signal;
  return linear_combination({{ratio, cleaner}, {to.noise - ratio * from.noise, epsilon}});
}

/// One step towards noise for all pictures; `cleaner` holds their x_{i+1}, the result their x_i.
std::vector<Tensor> climb(PromptedDenoiser& denoiser, const std::vector<PictureToInvert>& pictures, int i,
                          const std::vector<Tensor>& cleaner) {
  std::vector<Tensor> guesses;
  std::vector<PromptedLatents> inputs;
  for (std::size_t k = 0; k < pictures.size(); ++k) {
    const Sampler& sampler = *pictures[k].run.sampler;
    guesses.push_back(guess(sampler, i, cleaner[k]));
    inputs.push_back({sampler.scale_model_input(guesses[k], i), pictures[k].prompt});
  }
  const auto answers = denoiser(inputs, pictures.front().run.sampler->timestep(i));
  std::vector<Tensor> result;
  for (std::size_t k = 0; k < pictures.size(); ++k) {
    const Sampler& sampler = *pictures[k].run.sampler;
    result.push_back(
        noisier(sampler, i, cleaner[k], sampler.split_prediction(answers[k], guesses[k], i).epsilon));
  }
  return result;
}

/// Each picture's latents before the run's first evaluation, after it, and so on up to the picture:
/// [evaluation][picture].
std::vector<std::vector<Tensor>> find_paths(PromptedDenoiser& denoiser,
                                            const std::vector<PictureToInvert>& pictures,
                                            const OnEvaluation& on_evaluation, const std::stop_token& stop) {
  const Sampler& sampler = *pictures.front().run.sampler;
  const int first = pictures.front().run.next;
  denoiser.expect(sampler.timesteps(first, sampler.evaluations()));
  const auto count = static_cast<std::size_t>(sampler.evaluations() - first);
  std::vector<std::vector<Tensor>> paths(count + 1);
  for (const auto& picture : pictures) paths.back().push_back(picture.run.latents);
  for (std::size_t k = count; k-- > 0;) {
    if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "stopped before the picture was inverted");
    paths[k] = climb(denoiser, pictures, first + static_cast<int>(k), paths[k + 1]);
    if (on_evaluation) on_evaluation({});
  }
  return paths;
}

}  // namespace

std::vector<Inversion> invert(PromptedDenoiser& denoiser, std::vector<PictureToInvert> pictures,
                              const OnEvaluation& on_evaluation, const std::stop_token& stop) {
  if (pictures.empty()) return {};
  const auto paths = find_paths(denoiser, pictures, on_evaluation, stop);
  const int first = pictures.front().run.next;
  std::vector<Denoising> runs;
  std::vector<Inversion> inversions(pictures.size());
  for (std::size_t r = 0; r < pictures.size(); ++r) {
    inversions[r].start = paths.front()[r];
    if (paths.size() > 1) inversions[r].corrections.resize(static_cast<std::size_t>(first));
    runs.push_back(std::move(pictures[r].run));
    runs[r].latents = paths.front()[r];
  }
  for (std::size_t k = 1; k < paths.size(); ++k) {
    denoise(denoiser, runs, first + static_cast<int>(k), on_evaluation, stop);
    for (std::size_t r = 0; r < runs.size(); ++r) {
      inversions[r].corrections.push_back(linear_combination({{1, paths[k][r]}, {-1, runs[r].latents}}));
      runs[r].latents = paths[k][r];
    }
  }
  return inversions;
}

int inversion_steps(int evaluations) {
  return 2 * evaluations;
}

}  // namespace latentdial::detail
