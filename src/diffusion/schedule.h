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

/// The noise schedule of a model: the fields of diffusers' scheduler_config.json, under its names.
/// A field the file does not have is nullopt where diffusers' schedulers disagree on its default.
struct NoiseSchedule {
  std::string class_name;                     ///< "_class_name", e.g. "PNDMScheduler"; may be empty.
  int num_train_timesteps = 1000;             ///< At least 2, at most 100,000.
  std::optional<double> beta_start;           ///< In (0, 1). LCM: 0.00085; others: 0.0001.
  std::optional<double> beta_end;             ///< In (0, 1). LCM: 0.012; others: 0.02.
  std::optional<BetaSchedule> beta_schedule;  ///< LCM: scaled_linear; others: linear.
  std::vector<float> trained_betas;           ///< Used instead of the schedule when not empty.
  PredictionType prediction_type = PredictionType::epsilon;
  int steps_offset = 0;
  std::optional<TimestepSpacing> timestep_spacing;  ///< PNDM and DDIM: leading; Euler and DPM++: linspace.
  std::optional<bool> set_alpha_to_one;             ///< PNDM: false; DDIM: true.
  bool skip_prk_steps = false;
  std::optional<bool> clip_sample;    ///< DDIM: true; LCM: false; others do not clip.
  float clip_sample_range = 1.0F;     ///< DDIM and LCM only.
  int original_inference_steps = 50;  ///< LCM only: the steps that it was distilled on, at least 1.
  double timestep_scaling = 10.0;     ///< LCM only: s of its c_skip and c_out, 0 to 1e6.
  bool rescale_betas_zero_snr = false;
  bool use_karras_sigmas = false;  ///< The file's wish; make_sampler goes by its `scheduler` argument.
  /// Sampler name → the setting in the file that it would have to honour and cannot; make_sampler refuses
  /// those.
  std::map<std::string, std::string> not_honoured_by;

  /// Reads a scheduler_config.json. Unknown fields are ignored, as diffusers does; an unknown or ill-typed
  /// value of a known field is an invalid_input.
  static NoiseSchedule from_json(const nlohmann::json& scheduler_config);
};

/// ᾱ_t = Π_{s ≤ t} (1 − β_s) for t = 0 … num_train_timesteps − 1 (Ho et al. 2020, arXiv 2006.11239, equation
/// 4). What is nullopt is as all samplers but LCM have it. Bit-equal to diffusers' float32 `alphas_cumprod`;
/// with rescale_betas_zero_snr within 2e-7 of it, because torch's square root is not the correctly rounded
/// one.
[[nodiscard]] std::vector<float> alphas_cumprod(const NoiseSchedule& config);

/// The timestep of `schedule` at which latents are as noisy as at `timestep` of Stable Diffusion's own
/// schedule (scaled-linear β from 0.00085 to 0.012): a noise level in the numbers by which it is known.
[[nodiscard]] float timestep_as_noisy(float timestep, const NoiseSchedule& schedule);

}  // namespace latentdial::detail
