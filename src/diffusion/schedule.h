#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace latentdial::detail {

enum class BetaSchedule { linear, scaled_linear, squaredcos_cap_v2 };

/// What the U-Net was trained to predict of x_t = α x_0 + σ ε: ε itself, v = α ε − σ x_0
/// (Salimans & Ho 2022, arXiv 2202.00512), or x_0.
enum class PredictionType { epsilon, v_prediction, sample };

/// How `steps` timesteps are spread over the training ones (Lin et al. 2023, arXiv 2305.08891, table 2).
enum class TimestepSpacing { linspace, leading, trailing };

/// The model that a table of "align your steps" was fitted on (Sabour et al. 2024, arXiv 2404.14507).
enum class AlignedSteps { sd, sdxl };

/// The noise schedule of a model: the fields of diffusers' scheduler_config.json, under its names.
/// A field the file does not have is nullopt where diffusers' schedulers disagree on its default.
struct NoiseSchedule {
  std::string class_name;          ///< "_class_name", e.g. "PNDMScheduler"; may be empty.
  int num_train_timesteps = 1000;  ///< At least 2, at most 100,000.
  /// In (0, 1). LCM, TCD and the two-stage samplers: 0.00085; others: 0.0001.
  std::optional<double> beta_start;
  std::optional<double> beta_end;             ///< In (0, 1). The same: 0.012; others: 0.02.
  std::optional<BetaSchedule> beta_schedule;  ///< LCM and TCD: scaled_linear; others: linear.
  std::vector<float> trained_betas;           ///< Used instead of the schedule when not empty.
  PredictionType prediction_type = PredictionType::epsilon;
  int steps_offset = 0;
  /// PNDM, DDIM and DDPM: leading; those with σ: linspace.
  std::optional<TimestepSpacing> timestep_spacing;
  std::optional<bool> set_alpha_to_one;  ///< PNDM: false; DDIM: true.
  bool skip_prk_steps = false;
  std::optional<bool> clip_sample;    ///< DDIM and DDPM: true; LCM: false; others do not clip.
  float clip_sample_range = 1.0F;     ///< DDIM, DDPM and LCM only.
  int original_inference_steps = 50;  ///< LCM and TCD: the steps that it was distilled on, at least 1.
  double timestep_scaling = 10.0;     ///< LCM only: s of its c_skip and c_out, 0 to 1e6.
  bool rescale_betas_zero_snr = false;
  /// The scheduler that use_karras_sigmas, use_exponential_sigmas or use_beta_sigmas ask for; else "normal".
  /// make_sampler goes by its own argument.
  std::string scheduler = "normal";
  /// Which solver of its class the file means: algorithm_type begins with "sde-".
  bool stochastic_solver = false;
  int solver_order = 2;                           ///< Of the same class, 1 to 3.
  AlignedSteps aligned_steps = AlignedSteps::sd;  ///< What "ays" goes by; the file does not say it.
  /// Sampler name → the setting in the file that it would have to honour and cannot; make_sampler refuses
  /// those.
  std::map<std::string, std::string> not_honoured_by;

  /// Reads a scheduler_config.json. Unknown fields are ignored, as diffusers does; an unknown or ill-typed
  /// value of a known field is an invalid_input.
  static NoiseSchedule from_json(const nlohmann::json& scheduler_config);
};

/// What a class of diffusers' takes for betas that the file does not give.
struct DefaultBetas {
  double start, end;
  BetaSchedule schedule;
};
inline constexpr DefaultBetas kLatentDiffusionBetas{0.00085, 0.012, BetaSchedule::scaled_linear};
[[nodiscard]] NoiseSchedule with_default_betas(NoiseSchedule config, const DefaultBetas& betas);

/// ᾱ_t = Π_{s ≤ t} (1 − β_s) for t = 0 … num_train_timesteps − 1 (Ho et al. 2020, arXiv 2006.11239, equation
/// 4). What is nullopt is as most samplers have it (0.0001, 0.02, linear). Bit-equal to diffusers' float32
/// `alphas_cumprod`; with rescale_betas_zero_snr within 2e-7 of it, because torch's square root is not the
/// correctly rounded one.
[[nodiscard]] std::vector<float> alphas_cumprod(const NoiseSchedule& config);

/// The timestep of `schedule` at which latents are as noisy as at `timestep` of Stable Diffusion's own
/// schedule (scaled-linear β from 0.00085 to 0.012): a noise level in the numbers by which it is known.
[[nodiscard]] float timestep_as_noisy(float timestep, const NoiseSchedule& schedule);

}  // namespace latentdial::detail
