#include "diffusion/sigmas.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "diffusion/timesteps.h"
#include "latentdial/error.h"

namespace latentdial::detail {

namespace {

double timestep_of_sigma(double sigma, const std::vector<double>& train) {
  const auto above = std::upper_bound(train.begin(), train.end(), sigma);
  const auto low = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(
      above - train.begin() - 1, 0, static_cast<std::ptrdiff_t>(train.size()) - 2));
  // diffusers' table of logarithms is float32, which decides on which side of a whole timestep one falls.
  const auto log_of = [&](std::size_t t) -> double { return std::log(static_cast<float>(train[t])); };
  const double share = (log_of(low) - std::log(std::max(sigma, 1e-10))) / (log_of(low) - log_of(low + 1));
  const double high_share = std::clamp(share, 0.0, 1.0);
  return (1.0 - high_share) * static_cast<double>(low) + high_share * static_cast<double>(low + 1);
}

}  // namespace

std::vector<double> train_sigmas(const NoiseSchedule& config) {
  std::vector<float> alphas = alphas_cumprod(config);
  if (config.rescale_betas_zero_snr) alphas.back() = 0x1p-24F;
  std::vector<double> sigmas(alphas.size());
  std::transform(alphas.begin(), alphas.end(), sigmas.begin(),
                 [](float alpha) { return std::sqrt((1.0F - alpha) / alpha); });
  return sigmas;
}

std::vector<double> sigmas_at(const std::vector<double>& timesteps, const std::vector<double>& train) {
  std::vector<double> sigmas;
  for (const double t : timesteps) {
    const auto low = std::min(static_cast<std::size_t>(t), train.size() - 2);
    const double share = t - static_cast<double>(low);
    sigmas.push_back(train[low] + share * (train[low + 1] - train[low]));
  }
  return sigmas;
}

std::vector<double> timesteps_of_sigmas(const std::vector<double>& sigmas, const std::vector<double>& train) {
  std::vector<double> timesteps;
  for (const double sigma : sigmas) timesteps.push_back(timestep_of_sigma(sigma, train));
  return timesteps;
}

std::vector<double> karras_sigmas(double sigma_max, double sigma_min, int steps) {
  constexpr double kRho = 7.0;
  const double start = std::pow(sigma_max, 1.0 / kRho);
  const double end = std::pow(sigma_min, 1.0 / kRho);
  std::vector<double> sigmas = numpy_linspace(1.0, steps);
  std::transform(sigmas.begin(), sigmas.end(), sigmas.begin(),
                 [=](double ramp) { return std::pow(start + ramp * (end - start), kRho); });
  return sigmas;
}

std::vector<float> finish_sigmas(const std::vector<double>& sigmas, int steps) {
  std::vector<float> finished(sigmas.begin(), sigmas.end());
  finished.push_back(0.0F);
  if (std::adjacent_find(finished.begin(), finished.end(), std::less_equal<>()) != finished.end()) {
    throw invalid_input(
        "sampler",
        fmt::format("{} steps give one noise level twice on this schedule; fewer steps would do", steps));
  }
  return finished;
}

}  // namespace latentdial::detail
