#include <algorithm>
#include <cmath>
#include <numbers>

#include "diffusion/schedule.h"

namespace latentdial::detail {
namespace {

// torch.linspace in float32: the second half counts back from the end.
std::vector<float> linspace(double start, double end, std::size_t count) {
  const auto first = static_cast<float>(start);
  const auto last = static_cast<float>(end);
  const float step = (last - first) / static_cast<float>(count - 1);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = i < count / 2 ? std::fma(step, static_cast<float>(i), first)
                              : std::fma(-step, static_cast<float>(count - 1 - i), last);
  }
  return values;
}

// β_t = 1 − f((t+1)/T)/f(t/T), f(u) = cos²((u + 0.008)/1.008 · π/2) (Nichol & Dhariwal 2021, arXiv
// 2102.09672, equation 17).
std::vector<float> cosine_betas(std::size_t count) {
  const auto f = [count](std::size_t t) {
    const double u = static_cast<double>(t) / static_cast<double>(count);
    return std::pow(std::cos((u + 0.008) / 1.008 * std::numbers::pi / 2), 2);
  };
  std::vector<float> betas(count);
  for (std::size_t t = 0; t < count; ++t) {
    betas[t] = static_cast<float>(std::min(1.0 - f(t + 1) / f(t), 0.999));
  }
  return betas;
}

std::vector<float> make_betas(const NoiseSchedule& config) {
  const auto count = static_cast<std::size_t>(config.num_train_timesteps);
  if (!config.trained_betas.empty()) return config.trained_betas;
  const BetaSchedule schedule = config.beta_schedule.value_or(BetaSchedule::linear);
  const double start = config.beta_start.value_or(0.0001);
  const double end = config.beta_end.value_or(0.02);
  if (schedule == BetaSchedule::squaredcos_cap_v2) return cosine_betas(count);
  if (schedule == BetaSchedule::linear) return linspace(start, end, count);
  // The latent diffusion model's: linear in √β.
  std::vector<float> betas = linspace(std::sqrt(start), std::sqrt(end), count);
  std::transform(betas.begin(), betas.end(), betas.begin(), [](float root) { return root * root; });
  return betas;
}

// torch multiplies in double and rounds each product.
std::vector<float> cumulative_product(const std::vector<float>& betas) {
  std::vector<float> alphas(betas.size());
  double product = 1.0;
  for (std::size_t t = 0; t < betas.size(); ++t) {
    product *= 1.0F - betas[t];
    alphas[t] = static_cast<float>(product);
  }
  return alphas;
}

// Shifts and scales √ᾱ so that the last timestep is pure noise (Lin et al. 2023, arXiv 2305.08891, algorithm
// 1).
std::vector<float> rescale_zero_snr(std::vector<float> alphas) {
  std::transform(alphas.begin(), alphas.end(), alphas.begin(), [](float alpha) { return std::sqrt(alpha); });
  const float first = alphas.front();
  const float last = alphas.back();
  const float scale = first / (first - last);
  std::vector<float> betas(alphas.size());
  float previous = 1.0F;
  for (std::size_t t = 0; t < alphas.size(); ++t) {
    const float root = (alphas[t] - last) * scale;
    const float alpha = root * root;
    betas[t] = 1.0F - alpha / previous;
    previous = alpha;
  }
  return cumulative_product(betas);
}

}  // namespace

NoiseSchedule with_default_betas(NoiseSchedule config, const DefaultBetas& betas) {
  config.beta_start = config.beta_start.value_or(betas.start);
  config.beta_end = config.beta_end.value_or(betas.end);
  config.beta_schedule = config.beta_schedule.value_or(betas.schedule);
  return config;
}

std::vector<float> alphas_cumprod(const NoiseSchedule& config) {
  std::vector<float> alphas = cumulative_product(make_betas(config));
  return config.rescale_betas_zero_snr ? rescale_zero_snr(std::move(alphas)) : alphas;
}

}  // namespace latentdial::detail
