#pragma once

#include <vector>

#include "diffusion/schedule.h"

namespace latentdial::detail {

/// Noise levels are in k-diffusion's units, σ = √((1 − ᾱ)/ᾱ).

/// σ_t of every training timestep; ascending. With rescale_betas_zero_snr the last ᾱ is 2⁻²⁴, so that σ is
/// finite.
[[nodiscard]] std::vector<double> train_sigmas(const NoiseSchedule& config);
/// σ at fractional timesteps, linear between whole ones.
[[nodiscard]] std::vector<double> sigmas_at(const std::vector<double>& timesteps,
                                            const std::vector<double>& train);
/// The timesteps whose σ these are, linear in ln σ between whole ones, clamped to the trained range.
[[nodiscard]] std::vector<double> timesteps_of_sigmas(const std::vector<double>& sigmas,
                                                      const std::vector<double>& train);
/// σ_i = (σ_max^{1/ρ} + i/(n−1) (σ_min^{1/ρ} − σ_max^{1/ρ}))^ρ, ρ = 7, i = 0 … n−1
/// (Karras et al. 2022, arXiv 2206.00364, equation 5).
[[nodiscard]] std::vector<double> karras_sigmas(double sigma_max, double sigma_min, int steps);

/// Rounds the σ to f32 and appends the last 0. Throws invalid_input when two are equal: more steps than the
/// timesteps hold.
[[nodiscard]] std::vector<float> finish_sigmas(const std::vector<double>& sigmas, int steps);

}  // namespace latentdial::detail
