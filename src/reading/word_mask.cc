#include "reading/word_mask.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "diffusion/forward_process.h"
#include "diffusion/random.h"

namespace latentdial::detail {
namespace {

// Where things have their places and words still matter (timestep_as_noisy).
constexpr float kTimesteps[] = {200, 350, 500, 650};

}  // namespace

void add_resized(const Tensor& map, Tensor& sum) {
  const auto at = [](std::int64_t i, std::int64_t from, std::int64_t to) {
    const double place = (static_cast<double>(i) + 0.5) * static_cast<double>(from) / static_cast<double>(to);
    return std::clamp(place - 0.5, 0.0, static_cast<double>(from - 1));
  };
  const auto height = map.dim(1), width = map.dim(2);
  for (std::int64_t y = 0; y < sum.dim(1); ++y) {
    for (std::int64_t x = 0; x < sum.dim(2); ++x) {
      const double v = at(y, height, sum.dim(1)), u = at(x, width, sum.dim(2));
      const auto top = static_cast<std::int64_t>(v), left = static_cast<std::int64_t>(u);
      const auto value = [&](std::int64_t row, std::int64_t column) {
        const auto place = std::min(row, height - 1) * width + std::min(column, width - 1);
        return static_cast<double>(map.values()[static_cast<std::size_t>(place)]);
      };
      const double above = std::lerp(value(top, left), value(top, left + 1), u - static_cast<double>(left));
      const double below =
          std::lerp(value(top + 1, left), value(top + 1, left + 1), u - static_cast<double>(left));
      sum.values()[static_cast<std::size_t>(y * sum.dim(2) + x)] +=
          static_cast<float>(std::lerp(above, below, v - static_cast<double>(top)));
    }
  }
}

Tensor two_means_mask(const Tensor& attention) {
  std::vector<float> sorted(attention.values().begin(), attention.values().end());
  std::ranges::sort(sorted);
  const auto count = static_cast<double>(sorted.size());
  const double total = std::accumulate(sorted.begin(), sorted.end(), 0.0);
  double below = 0, best = -1, low = 0, high = 0;
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    below += sorted[i - 1];
    const auto n = static_cast<double>(i);
    const double mean_below = below / n, mean_above = (total - below) / (count - n);
    const double parted = n * (count - n) * (mean_above - mean_below) * (mean_above - mean_below);
    if (parted > best) best = parted, low = mean_below, high = mean_above;
  }
  Tensor mask = Tensor::zeros(attention.shape());
  if (high <= low) return mask;
  std::transform(
      attention.values().begin(), attention.values().end(), mask.values().begin(),
      [&](float value) { return static_cast<float>(std::clamp((value - low) / (high - low), 0.0, 1.0)); });
  return mask;
}

Tensor word_mask(PromptedDenoiser& denoiser, const NoiseSchedule& schedule, const Tensor& latents,
                 const Condition& prompt, const std::vector<std::int64_t>& tokens) {
  const auto alphas = alphas_cumprod(schedule);
  TorchGenerator generator(0);
  std::vector<float> timesteps;
  for (const float known : kTimesteps) timesteps.push_back(timestep_as_noisy(known, schedule));
  denoiser.expect(timesteps);
  Tensor sum = Tensor::zeros({1, latents.dim(1), latents.dim(2), 1});
  for (const float timestep : timesteps) {
    const Tensor noise = generator.randn_nhwc(latents.shape());
    const double alpha = alphas.at(static_cast<std::size_t>(timestep));
    for (const Tensor& map :
         denoiser.look_at_words({noised(latents, noise, alpha), prompt}, timestep, tokens))
      add_resized(map, sum);
  }
  return two_means_mask(sum);
}

}  // namespace latentdial::detail
