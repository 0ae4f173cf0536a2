#pragma once

#include <string>
#include <vector>

#include "diffusion/schedule.h"

namespace latentdial::detail {

/// The noise levels that the steps of a run begin at, falling, and the timesteps that they are known by.
struct StepLevels {
  std::vector<double> timesteps, sigmas;  ///< As many as steps; σ in k-diffusion's units.
};

/// The smallest and largest σ of a run, where a scheduler goes from one to the other.
struct SigmaRange {
  double min, max;
};

/// The levels of `steps` steps by a scheduler (scheduler_names) that is not "normal":
/// - "karras", "exponential", "beta" spread σ itself over `range`: by ρ = 7 (Karras et al. 2022, arXiv
///   2206.00364, equation 5), by equal ratios, and by the quantiles of the beta distribution with α = β = 0.6
///   (as diffusers and A1111 read Lee et al. 2024, arXiv 2407.12173, who spread timesteps so).
/// - "sgm_uniform": timesteps equally far apart from the last to 0, which is left to the jump to σ = 0.
/// - "simple": as many of the trained timesteps, from the last on.
/// - "ays": tables of 11 levels, in between linear in ln σ (Sabour et al. 2024, arXiv 2404.14507); the last
/// is
///   left to the jump. Throws invalid_input where the model's largest σ is not the tables'.
/// `train` is train_sigmas(config).
[[nodiscard]] StepLevels spread_levels(const std::string& scheduler, const NoiseSchedule& config,
                                       const std::vector<double>& train, const SigmaRange& range, int steps);

/// x with I_x(0.6, 0.6) = p, I the regularised incomplete beta function; p from 0 to 1.
[[nodiscard]] double beta_quantile(double p);

}  // namespace latentdial::detail
