#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "diffusion/alpha_sampler.h"
#include "diffusion/samplers.h"
#include "diffusion/timesteps.h"
#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kOrder = 4;

// diffusers' PNDM does not know it.
NoiseSchedule without_rescaling(NoiseSchedule config) {
  config.rescale_betas_zero_snr = false;
  return config;
}

/// Pseudo numerical methods for diffusion models (Liu et al. 2022, arXiv 2202.09778), in the order in which
/// diffusers walks: Stable Diffusion's skip_prk_steps starts with one step taken twice (the pseudo improved
/// Euler step); without it three pseudo Runge–Kutta steps of four evaluations start. Linear multistep follows
/// (PLMS).
class PndmSampler final : public AlphaSampler {
 public:
  PndmSampler(const NoiseSchedule& config, int steps)
      : AlphaSampler(without_rescaling(config), steps, config.set_alpha_to_one.value_or(false)) {
    std::vector<double> timesteps =
        rounded(spaced_timesteps(config, config.timestep_spacing.value_or(TimestepSpacing::leading), steps));
    timesteps = config.skip_prk_steps ? repeat_second(std::move(timesteps)) : with_runge_kutta(timesteps);
    check_timesteps(timesteps, config, steps);
    timesteps_.assign(timesteps.begin(), timesteps.end());
  }

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<PndmSampler>(*this);
  }

 protected:
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents, const NoiseSource&) override {
    const int t = static_cast<int>(timestep(i));
    Tensor next = counter_ < runge_kutta_evaluations_ ? runge_kutta(model_output, t, latents)
                                                      : multistep(model_output, t, latents);
    ++counter_;
    return next;
  }

 private:
  static std::vector<double> repeat_second(std::vector<double> timesteps) {
    if (timesteps.size() > 1) timesteps.insert(timesteps.begin() + 1, timesteps[1]);
    return timesteps;
  }

  // t_0, then twice each of the midpoint and the end of a Runge–Kutta step, whose end the next step starts
  // from.
  std::vector<double> with_runge_kutta(const std::vector<double>& timesteps) {
    if (timesteps.size() < kOrder) {
      throw invalid_input("sampler",
                          fmt::format("\"pndm\" without skip_prk_steps needs at least {} steps, got {}; set "
                                      "skip_prk_steps in the "
                                      "model's scheduler_config.json or take more steps",
                                      kOrder, timesteps.size()));
    }
    std::vector<double> walk;
    for (std::size_t k = 0; k + 1 < kOrder; ++k) {
      const double middle = timesteps[k + 1] + stride_ / 2;
      walk.insert(walk.end(), {timesteps[k], middle, middle, timesteps[k + 1]});
    }
    runge_kutta_evaluations_ = static_cast<int>(walk.size());
    walk.insert(walk.end(), timesteps.begin() + kOrder - 1, timesteps.end());
    return walk;
  }

  // ε̂ = (e_1 + 2 e_2 + 2 e_3 + e_4)/6 (equation 13): to the midpoint with e_1, again with e_2, to the end
  // with e_3, and to the end with ε̂.
  Tensor runge_kutta(const Tensor& e, int t, const Tensor& latents) {
    const int stage = counter_ % 4;
    const int previous = t - (stage % 2 == 0 ? stride_ / 2 : 0);
    const int start = static_cast<int>(timesteps_[static_cast<std::size_t>(counter_ - stage)]);
    if (stage == 0) {
      runge_kutta_sum_ = linear_combination({{1.0 / 6.0, e}});
      outputs_.push_back(e.clone());
      sample_ = latents.clone();
    } else {
      runge_kutta_sum_ =
          linear_combination({{1.0, runge_kutta_sum_}, {stage == 3 ? 1.0 / 6.0 : 1.0 / 3.0, e}});
    }
    return transfer(sample_, start, previous, stage == 3 ? runge_kutta_sum_ : e);
  }

  // The second evaluation of a multistep start repeats the first step with the mean of both slopes.
  Tensor multistep(const Tensor& e, int t, const Tensor& latents) {
    if (counter_ == 1) {
      const Tensor mean = linear_combination({{0.5, e}, {0.5, outputs_.back()}});
      return transfer(sample_, std::min(t + stride_, last_train_timestep()), t, mean);
    }
    if (counter_ == 0) sample_ = latents.clone();
    outputs_.push_back(e.clone());
    if (outputs_.size() > kOrder) outputs_.erase(outputs_.begin());
    return transfer(latents, t, t - stride_, extrapolated());
  }

  // Adams–Bashforth of the order that the outputs seen allow (equation 12 is order 4).
  [[nodiscard]] Tensor extrapolated() const {
    const auto back = outputs_.rbegin();
    switch (outputs_.size()) {
      case 1:
        return back[0];
      case 2:
        return linear_combination({{3.0 / 2.0, back[0]}, {-1.0 / 2.0, back[1]}});
      case 3:
        return linear_combination({{23.0 / 12.0, back[0]}, {-16.0 / 12.0, back[1]}, {5.0 / 12.0, back[2]}});
      default:
        return linear_combination({{55.0 / 24.0, back[0]},
                                   {-59.0 / 24.0, back[1]},
                                   {37.0 / 24.0, back[2]},
                                   {-9.0 / 24.0, back[3]}});
    }
  }

  // Equation 11: x_{t−δ} = √(ᾱ_{t−δ}/ᾱ_t) x_t
  //   − (ᾱ_{t−δ} − ᾱ_t) ε / (√ᾱ_t (√((1 − ᾱ_{t−δ}) ᾱ_t) + √((1 − ᾱ_t) ᾱ_{t−δ}))).
  [[nodiscard]] Tensor transfer(const Tensor& x, int t, int previous, const Tensor& output) const {
    const double now = alpha_at(t);
    const double then = alpha_at(previous);
    const double denominator =
        std::sqrt(now) * (std::sqrt((1.0 - then) * now) + std::sqrt((1.0 - now) * then));
    const double slope = -(then - now) / denominator;
    const double keep = std::sqrt(then / now);
    switch (prediction_type_) {
      case PredictionType::epsilon:
        return linear_combination({{keep, x}, {slope, output}});
      case PredictionType::v_prediction:  // ε = √ᾱ v + √(1 − ᾱ) x
        return linear_combination(
            {{keep + slope * std::sqrt(1.0 - now), x}, {slope * std::sqrt(now), output}});
      case PredictionType::sample:  // ε = (x − √ᾱ x_0)/√(1 − ᾱ)
        break;
    }
    const double noise = std::sqrt(1.0 - now);
    return linear_combination({{keep + slope / noise, x}, {-slope * std::sqrt(now) / noise, output}});
  }

  int runge_kutta_evaluations_ = 0;
  int counter_ = 0;
  std::vector<Tensor> outputs_;
  Tensor sample_;
  Tensor runge_kutta_sum_;
};

}  // namespace

std::unique_ptr<Sampler> make_pndm(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<PndmSampler>(config, choice.steps);
}

}  // namespace latentdial::detail
