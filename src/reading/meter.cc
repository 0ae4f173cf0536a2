#include "reading/meter.h"

#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "dial/style_words.h"
#include "diffusion/forward_process.h"
#include "diffusion/random.h"
#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

// Where words decide: with less noise the picture itself says nearly all, with more nothing shows
// (timestep_as_noisy).
constexpr float kLeastTimestep = 620;
constexpr float kMostTimestep = 880;

double total(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// What a perfect model would predict of noised latents.
Tensor true_prediction(const Tensor& x0, const Tensor& noise, double alpha_cumprod,
                       PredictionType prediction) {
  if (prediction == PredictionType::epsilon) return noise;
  if (prediction == PredictionType::sample) return x0;
  return linear_combination({{std::sqrt(alpha_cumprod), noise}, {-std::sqrt(1 - alpha_cumprod), x0}});
}

MeterSample compare(float timestep, const Tensor& truth, const Tensor& content, const Tensor& styled) {
  const auto channels = static_cast<std::size_t>(truth.dim(-1));
  MeterSample sample{timestep, std::vector<double>(channels), std::vector<double>(channels),
                     std::vector<double>(channels)};
  for (std::size_t i = 0; i < truth.values().size(); ++i) {
    const double e = static_cast<double>(truth.values()[i]) - content.values()[i];
    const double d = static_cast<double>(styled.values()[i]) - content.values()[i];
    sample.projection[i % channels] += e * d;
    sample.length[i % channels] += d * d;
    sample.residual[i % channels] += e * e;
  }
  return sample;
}

}  // namespace

std::string content_of(const Measurement& measurement) {
  return without_style(measurement.prompt, measurement.style).value_or(measurement.prompt);
}

std::string styled_of(const Measurement& measurement) {
  return joined(content_of(measurement), around_prompt(measurement.words, measurement.style));
}

std::vector<float> meter_timesteps(int count, const NoiseSchedule& schedule) {
  std::vector<float> timesteps;
  for (int i = 0; i < count; ++i) {
    const float share = (static_cast<float>(i) + 0.5F) / static_cast<float>(count);
    timesteps.push_back(
        timestep_as_noisy(std::round(kLeastTimestep + share * (kMostTimestep - kLeastTimestep)), schedule));
  }
  return timesteps;
}

std::vector<std::vector<MeterSample>> sample_meter(PromptedDenoiser& denoiser, const NoiseSchedule& schedule,
                                                   const std::vector<MeasuredLatents>& pictures,
                                                   const std::vector<float>& timesteps, std::uint64_t seed,
                                                   const std::function<void()>& on_evaluation,
                                                   const std::stop_token& stop) {
  const auto alphas = alphas_cumprod(schedule);
  TorchGenerator generator(seed);
  denoiser.expect(timesteps);
  std::vector<std::vector<MeterSample>> samples(pictures.size());
  for (const float timestep : timesteps) {
    if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "stopped before the pictures were measured");
    const Tensor noise = generator.randn_nhwc(pictures.front().latents.shape());
    std::vector<PromptedLatents> inputs;
    std::vector<Tensor> truths;
    for (const auto& picture : pictures) {
      const double alpha = alphas.at(static_cast<std::size_t>(timestep));
      const Tensor latents = noised(picture.latents, noise, alpha);
      inputs.push_back({latents, picture.content});
      inputs.push_back({latents, picture.styled});
      truths.push_back(true_prediction(picture.latents, noise, alpha, schedule.prediction_type));
    }
    const auto answers = denoiser(inputs, timestep);
    for (std::size_t i = 0; i < pictures.size(); ++i)
      samples[i].push_back(compare(timestep, truths[i], answers[2 * i], answers[2 * i + 1]));
    if (on_evaluation) on_evaluation();
  }
  return samples;
}

Reading pool(std::vector<MeterSample> samples) {
  double projection = 0, length = 0;
  for (const auto& sample : samples) {
    projection += total(sample.projection);
    length += total(sample.length);
  }
  Reading reading;
  reading.strength = length > 0 ? projection / length : 0;
  double spread = 0;
  for (const auto& sample : samples) {
    const double residual = total(sample.projection) - reading.strength * total(sample.length);
    spread += residual * residual;
  }
  const auto n = static_cast<double>(samples.size());
  if (length > 0 && n > 1) reading.standard_error = std::sqrt(spread * n / (n - 1)) / length;
  reading.samples = std::move(samples);
  return reading;
}

}  // namespace latentdial::detail
