#include "diffusion/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "diffusion/forward_process.h"
#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {

Sampler::Sampler(PredictionType prediction_type, int steps)
    : prediction_type_(prediction_type), steps_(steps) {}

Sampler::~Sampler() = default;

void Sampler::check_index(int i) const {
  if (i < 0 || i >= evaluations()) {
    throw Error(ErrorCode::internal, fmt::format("Sampler: evaluation {} of {}", i, evaluations()));
  }
}

Tensor Sampler::drawn(const NoiseSource& noise, const Shape& shape) {
  if (!noise) throw Error(ErrorCode::internal, "Sampler: no noise source given");
  return noise(shape);
}

float Sampler::timestep(int i) const {
  check_index(i);
  return timesteps_[static_cast<std::size_t>(i)];
}

std::vector<float> Sampler::timesteps(int first, int until) const {
  std::vector<float> result;
  for (int i = first; i < until; ++i) result.push_back(timestep(i));
  return result;
}

double Sampler::progress(int i) const {
  check_index(i);
  const int steps = (evaluations() + evaluations_a_step_ - 1) / evaluations_a_step_;
  return static_cast<double>(i / evaluations_a_step_) / steps;
}

float Sampler::sigma(int i) const {
  const NoiseLevel level = noise_level(i);
  return level.noise / level.signal;
}

int Sampler::evaluation_at(int first, double progress) const {
  while (first < evaluations() && this->progress(first) < progress) ++first;
  return first;
}

Tensor Sampler::scale_model_input(const Tensor& latents, int i) const {
  check_index(i);
  return latents;
}

Tensor Sampler::step(const Tensor& model_output, int i, const Tensor& latents, const NoiseSource& noise) {
  check_index(i);
  return advance(model_output, i, latents, noise);
}

Tensor Sampler::add_noise(const Tensor& original, const Tensor& noise, int i) const {
  const NoiseLevel level = noise_level(i);
  return noised(original, noise, level.signal, level.noise);
}

// With s = signal, n = noise, r = √(s² + n²), x = s x_0 + n ε and v = (s ε − n x_0)/r
// (Salimans & Ho 2022, arXiv 2202.00512, appendix D):  x_0 = (s x/r − n v)/r,  ε = (n x/r + s v)/r.
Sampler::Mixes Sampler::mixes(int i) const {
  const NoiseLevel level = noise_level(i);
  const double s = level.signal;
  const double n = level.noise;
  const double r = std::hypot(s, n);
  switch (prediction_type_) {
    case PredictionType::epsilon:
      return {.x0 = {1.0 / s, -n / s}, .epsilon = {0.0, 1.0}};
    case PredictionType::v_prediction:
      return {.x0 = {s / (r * r), -n / r}, .epsilon = {n / (r * r), s / r}};
    case PredictionType::sample:
      break;
  }
  return {.x0 = {0.0, 1.0}, .epsilon = {1.0 / n, -s / n}};
}

PredictionSplit Sampler::split_prediction(const Tensor& model_output, const Tensor& latents, int i) const {
  const auto [x0, epsilon] = mixes(i);
  return {linear_combination({{x0.latents, latents}, {x0.output, model_output}}),
          linear_combination({{epsilon.latents, latents}, {epsilon.output, model_output}})};
}

int Sampler::first_evaluation(float strength) const {
  if (!(strength >= 0.0F && strength <= 1.0F)) {
    throw invalid_input("strength",
                        fmt::format("{} is not from 0 (keep the picture) to 1 (all new)", strength));
  }
  // As a user writes it: 0.7 of 10 steps are 7, though the float nearest 0.7 is a little less.
  const std::string text = fmt::format("{}", strength);
  double written = 0.0;
  std::from_chars(text.data(), text.data() + text.size(), written);
  const int kept = std::min(static_cast<int>(steps_ * written), steps_);
  return std::min((steps_ - kept) * evaluations_a_step_, evaluations());
}

}  // namespace latentdial::detail
