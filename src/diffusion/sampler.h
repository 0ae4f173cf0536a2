#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "diffusion/schedule.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// Standard normal noise of a shape, in the latents' layout. Only samplers that draw noise ask for it.
using NoiseSource = std::function<Tensor(const Shape& shape)>;

/// The latents at one evaluation are `signal`·x_0 + `noise`·ε. Variance-preserving samplers (PNDM, DDIM, the
/// multistep ones, LCM) have signal² + noise² = 1; the variance-exploding (Euler's, Heun's, DPM2) signal = 1.
struct NoiseLevel {
  float signal = 1.0F;
  float noise = 0.0F;
};

/// What a model output says about the latents it was made from.
struct PredictionSplit {
  Tensor x0;       ///< The predicted clean latents.
  Tensor epsilon;  ///< The predicted unit noise.
};

/// One run from noise to latents. Element-wise on f32 tensors of any layout; latents and outputs share a
/// shape. Samplers remember what their formulas need of earlier evaluations: one object, one picture,
/// evaluations in order. A step of a second-order sampler is two evaluations, the second of latents on the
/// way.
///
///   auto sampler = make_sampler("pndm", "normal", config, 20);
///   x = noise * sampler->init_noise_sigma();
///   for (int i = 0; i < sampler->evaluations(); ++i)
///     x = sampler->step(unet(sampler->scale_model_input(x, i), sampler->timestep(i)), i, x, more_noise);
class Sampler {
 public:
  virtual ~Sampler();
  Sampler& operator=(const Sampler&) = delete;
  /// The same run at the same point: what follows may differ from here on.
  [[nodiscard]] virtual std::unique_ptr<Sampler> clone() const = 0;

  /// The number of U-Net calls of a whole run: the steps asked for, one more with PNDM; twice as many less
  /// one with heun, dpm2, dpm2_a, dpm++2s_a and dpm++sde, whose last step is a single one.
  [[nodiscard]] int evaluations() const { return static_cast<int>(timesteps_.size()); }
  /// What the U-Net is told at evaluation `i`, in training timesteps; Karras sigmas give fractional ones to
  /// Euler.
  [[nodiscard]] float timestep(int i) const;
  /// Those of evaluations `first` to `until`, the latter not among them.
  [[nodiscard]] std::vector<float> timesteps(int first, int until) const;
  /// Share of the run done before the step that evaluation `i` belongs to, in [0, 1): of one evaluation a
  /// step i / evaluations(). Both evaluations of a step see the same prompts and guidance.
  [[nodiscard]] double progress(int i) const;
  /// The first evaluation from `first` on whose progress is at least this.
  [[nodiscard]] int evaluation_at(int first, double progress) const;
  /// The noise in the latents that evaluation `i` works on.
  [[nodiscard]] virtual NoiseLevel noise_level(int i) const = 0;
  /// noise / signal: σ in k-diffusion's units (Karras et al. 2022, arXiv 2206.00364).
  [[nodiscard]] float sigma(int i) const;

  /// Text-to-image starts from unit noise times this.
  [[nodiscard]] virtual float init_noise_sigma() const { return 1.0F; }
  /// What the U-Net sees of the latents.
  [[nodiscard]] virtual Tensor scale_model_input(const Tensor& latents, int i) const;
  /// The latents after evaluation `i`, from the model's output on scale_model_input(latents, i).
  [[nodiscard]] Tensor step(const Tensor& model_output, int i, const Tensor& latents,
                            const NoiseSource& noise);
  /// The forward process: `original` with unit `noise` mixed in at the level of evaluation `i`.
  [[nodiscard]] Tensor add_noise(const Tensor& original, const Tensor& noise, int i) const;
  /// Reads a model output as clean latents and noise; `latents` as given to `step`.
  [[nodiscard]] PredictionSplit split_prediction(const Tensor& model_output, const Tensor& latents,
                                                 int i) const;

  /// img2img: the evaluation to start from, for a strength in [0, 1] (1 is the whole run). When it is
  /// evaluations() there is nothing to do. As diffusers' `get_timesteps`; a strength outside is an
  /// invalid_input.
  [[nodiscard]] int first_evaluation(float strength) const;

 protected:
  Sampler(PredictionType prediction_type, int steps);
  Sampler(const Sampler&) = default;
  [[nodiscard]] virtual Tensor advance(const Tensor& model_output, int i, const Tensor& latents,
                                       const NoiseSource& noise) = 0;
  void check_index(int i) const;
  /// Unit noise of this shape; Error(internal) where no source of it was given.
  [[nodiscard]] static Tensor drawn(const NoiseSource& noise, const Shape& shape);

  /// What a linear reading of the model output takes of the latents and of the output.
  struct Mix {
    double latents;
    double output;
  };
  /// x_0 and ε, as functions of the latents and the model output of evaluation `i`.
  struct Mixes {
    Mix x0, epsilon;
  };
  [[nodiscard]] Mixes mixes(int i) const;

  PredictionType prediction_type_;
  int steps_;
  int evaluations_a_step_ = 1;  ///< Of every step but the last, which may be a single one.
  std::vector<float> timesteps_;
};

/// TCD's share of new noise where none is asked for (Zheng et al. 2024, arXiv 2402.19159: γ).
inline constexpr double kDefaultEta = 0.3;

/// Samplers are sampler_names(), schedulers scheduler_names() as far as the sampler has them
/// (schedulers_of). Timesteps are those of diffusers' `X.from_config(config)` with `steps` steps (1 to
/// num_train_timesteps; "lcm" and "tcd": to original_inference_steps). `eta`, 0 to 1, is for "tcd" alone.
/// Unknown names, pairs that do not exist and absurd steps are invalid_input with the choices.
[[nodiscard]] std::unique_ptr<Sampler> make_sampler(const std::string& sampler, const std::string& scheduler,
                                                    const NoiseSchedule& config, int steps,
                                                    double eta = kDefaultEta);
[[nodiscard]] std::vector<std::string> sampler_names();
/// Those that draw no noise on the way, so that some noise leads to any picture.
[[nodiscard]] std::vector<std::string> invertible_sampler_names();
[[nodiscard]] std::vector<std::string> scheduler_names();
/// The schedulers that a sampler has; it must be one.
[[nodiscard]] std::vector<std::string> schedulers_of(const std::string& sampler);
/// The samplers that have a scheduler.
[[nodiscard]] std::vector<std::string> samplers_with(const std::string& scheduler);
/// The sampler that makes a model's pictures where none is asked for.
struct DefaultSampler {
  std::string name;
  std::string notice;  ///< One line where it is not the one that the scheduler config means; else empty.
};
/// The sampler of the schedule's class. Where that is not here, or cannot do what the config asks for, the
/// nearest that is and can; "pndm" where no class is named.
[[nodiscard]] DefaultSampler default_sampler(const NoiseSchedule& schedule);

}  // namespace latentdial::detail
