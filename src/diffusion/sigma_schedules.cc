#include "diffusion/sigma_schedules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "diffusion/sigmas.h"
#include "diffusion/timesteps.h"
#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

using Levels = std::vector<double>;
using Table = std::array<double, 11>;

constexpr double kShape = 0.6;  // Both of the beta distribution's.
constexpr Table kAlignedSd{14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029};
constexpr Table kAlignedSdxl{14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029};

/// ∫_0^x (t(1 − t))^{a−1} dt for x ≤ 1/2, a = 0.6: Σ_n (1−a)_n / n! · x^{a+n} / (a+n).
double incomplete_beta(double x) {
  double sum = 0.0;
  double term = std::pow(x, kShape);
  for (int n = 0; term > 1e-18; ++n) {
    sum += term / (kShape + n);
    term *= x * (1.0 - kShape + n) / (n + 1.0);
  }
  return sum;
}

Levels exponential_sigmas(const SigmaRange& range, int steps) {
  Levels levels = numpy_linspace(1.0, steps);
  for (double& level : levels) level = range.max * std::pow(range.min / range.max, level);
  return levels;
}

Levels beta_sigmas(const SigmaRange& range, int steps) {
  Levels levels = numpy_linspace(1.0, steps);
  for (double& level : levels) level = std::lerp(range.min, range.max, beta_quantile(1.0 - level));
  return levels;
}

/// Linear in ln σ between whole timesteps, as k-diffusion has it.
double log_sigma_at(double timestep, const Levels& train) {
  const auto low = std::min(static_cast<std::size_t>(timestep), train.size() - 2);
  const double share = timestep - static_cast<double>(low);
  return std::exp(std::lerp(std::log(train[low]), std::log(train[low + 1]), share));
}

StepLevels uniform_levels(const Levels& train, int steps) {
  StepLevels levels;
  const double last = static_cast<double>(train.size()) - 1.0;
  for (int i = 0; i < steps; ++i) {
    levels.timesteps.push_back(last - last * i / steps);
    levels.sigmas.push_back(log_sigma_at(levels.timesteps.back(), train));
  }
  return levels;
}

StepLevels simple_levels(const Levels& train, int steps) {
  StepLevels levels;
  const double stride = static_cast<double>(train.size()) / steps;
  for (int i = 0; i < steps; ++i) {
    const auto t = train.size() - 1 - static_cast<std::size_t>(i * stride);
    levels.timesteps.push_back(static_cast<double>(t));
    levels.sigmas.push_back(train[t]);
  }
  return levels;
}

Levels aligned_sigmas(const NoiseSchedule& config, const Levels& train, int steps) {
  const Table& table = config.aligned_steps == AlignedSteps::sdxl ? kAlignedSdxl : kAlignedSd;
  if (std::abs(std::log(train.back() / table.front())) > 0.05) {
    throw invalid_input(
        "scheduler",
        fmt::format("\"ays\" was fitted to noise levels up to {}, and this model's go up to {:.3g}",
                    table.front(), train.back()));
  }
  Levels levels;
  for (int i = 0; i < steps; ++i) {
    const double place = static_cast<double>(i) * (table.size() - 1) / steps;
    const auto low = static_cast<std::size_t>(place);
    const double share = place - static_cast<double>(low);
    levels.push_back(std::exp(std::lerp(std::log(table[low]), std::log(table[low + 1]), share)));
  }
  return levels;
}

}  // namespace

double beta_quantile(double p) {
  if (p > 0.5) return 1.0 - beta_quantile(1.0 - p);
  const double wanted = p * 2.0 * incomplete_beta(0.5);
  double low = 0.0;
  double high = 0.5;
  for (int halving = 0; halving < 80; ++halving) {
    const double middle = (low + high) / 2.0;
    (incomplete_beta(middle) < wanted ? low : high) = middle;
  }
  return (low + high) / 2.0;
}

StepLevels spread_levels(const std::string& scheduler, const NoiseSchedule& config, const Levels& train,
                         const SigmaRange& range, int steps) {
  if (scheduler == "sgm_uniform") return uniform_levels(train, steps);
  if (scheduler == "simple") return simple_levels(train, steps);
  Levels sigmas = scheduler == "ays"           ? aligned_sigmas(config, train, steps)
                  : scheduler == "beta"        ? beta_sigmas(range, steps)
                  : scheduler == "exponential" ? exponential_sigmas(range, steps)
                                               : karras_sigmas(range.max, range.min, steps);
  Levels timesteps = timesteps_of_sigmas(sigmas, train);
  return {std::move(timesteps), std::move(sigmas)};
}

}  // namespace latentdial::detail
