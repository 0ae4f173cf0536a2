#include "reading/scene.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "diffusion/forward_process.h"
#include "diffusion/random.h"

namespace latentdial::detail {
namespace {

// Of those tried, where two scenes are furthest apart and one scene in two styles nearest (docs/ruler.md;
// timestep_as_noisy).
constexpr float kTimestep = 400;

/// Each channel with mean 0 and deviation 1 over the picture, which takes most of a style away, and all of
/// length 1.
SceneFeatures normalised(const Tensor& features) {
  const auto channels = static_cast<std::size_t>(features.dim(-1));
  SceneFeatures result(features.values().begin(), features.values().end());
  const auto places = static_cast<double>(result.size() / channels);
  for (std::size_t c = 0; c < channels; ++c) {
    double sum = 0, squares = 0;
    for (std::size_t i = c; i < result.size(); i += channels)
      sum += result[i], squares += result[i] * result[i];
    const double mean = sum / places;
    const double deviation = std::sqrt(std::max(squares / places - mean * mean, 0.0)) + 1e-4;
    for (std::size_t i = c; i < result.size(); i += channels)
      result[i] = static_cast<float>((result[i] - mean) / deviation);
  }
  const double length = std::sqrt(std::inner_product(result.begin(), result.end(), result.begin(), 0.0));
  for (float& value : result) value = static_cast<float>(value / std::max(length, 1e-9));
  return result;
}

}  // namespace

double scene_distance(const SceneFeatures& a, const SceneFeatures& b) {
  return 1 - std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

SceneFeatures scene_features(PromptedDenoiser& denoiser, const NoiseSchedule& schedule,
                             const PromptedLatents& picture) {
  const float timestep = timestep_as_noisy(kTimestep, schedule);
  const double alpha = alphas_cumprod(schedule).at(static_cast<std::size_t>(timestep));
  const Tensor noise = TorchGenerator(0).randn_nhwc(picture.latents.shape());
  return normalised(denoiser.features({noised(picture.latents, noise, alpha), picture.condition}, timestep));
}

}  // namespace latentdial::detail
