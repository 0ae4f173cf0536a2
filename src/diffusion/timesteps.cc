#include "diffusion/timesteps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "latentdial/error.h"

namespace latentdial::detail {

std::vector<double> numpy_linspace(double last, int count) {
  std::vector<double> values(static_cast<std::size_t>(count), 0.0);
  if (count > 1) {
    const double step = last / (count - 1);
    for (int i = 1; i < count; ++i) values[static_cast<std::size_t>(i)] = i * step;
    values.back() = last;
  }
  return values;
}

std::vector<double> rounded(std::vector<double> values) {
  std::transform(values.begin(), values.end(), values.begin(),
                 [](double value) { return std::nearbyint(value); });
  return values;
}

std::vector<double> spaced_timesteps(const NoiseSchedule& config, TimestepSpacing spacing, int steps) {
  const int train = config.num_train_timesteps;
  std::vector<double> timesteps;
  switch (spacing) {
    case TimestepSpacing::linspace:
      timesteps = numpy_linspace(train - 1, steps);
      break;
    case TimestepSpacing::leading:
      for (int i = 0; i < steps; ++i) timesteps.push_back(i * (train / steps) + config.steps_offset);
      break;
    case TimestepSpacing::trailing: {
      const double ratio = static_cast<double>(train) / steps;
      const int count = static_cast<int>(std::ceil(train / ratio));
      for (int i = count - 1; i >= 0; --i) timesteps.push_back(std::nearbyint(train - i * ratio) - 1.0);
      break;
    }
  }
  std::reverse(timesteps.begin(), timesteps.end());
  return timesteps;
}

std::vector<float> distilled_timesteps(const NoiseSchedule& config, const char* sampler, int steps) {
  const int distilled = config.original_inference_steps;
  if (distilled > config.num_train_timesteps) {
    throw invalid_input(
        fmt::format("scheduler_config.json: \"original_inference_steps\" is {}, more than the {} of "
                    "\"num_train_timesteps\"",
                    distilled, config.num_train_timesteps));
  }
  if (steps > distilled) {
    throw invalid_input(
        "steps", fmt::format("the sampler \"{}\" takes 1 to {}, of which 4 to 8 are usual, not {}", sampler,
                             distilled, steps));
  }
  const int stride = config.num_train_timesteps / distilled;
  const double spacing = static_cast<double>(distilled) / steps;
  std::vector<float> timesteps;
  for (int i = 0; i < steps; ++i) {
    // numpy's product in double, whose floor is at times one less than the exact one's: 33 steps of 45.
    const int skipped = static_cast<int>(std::floor(i * spacing));
    timesteps.push_back(static_cast<float>((distilled - skipped) * stride - 1));
  }
  return timesteps;
}

void check_timesteps(const std::vector<double>& timesteps, const NoiseSchedule& config, int steps) {
  const auto [low, high] = std::minmax_element(timesteps.begin(), timesteps.end());
  if (*low < 0.0 || *high > config.num_train_timesteps - 1) {
    throw invalid_input(
        "sampler",
        fmt::format("{} steps with steps_offset {} reach timestep {}, outside the model's 0 to {}; "
                    "fewer steps would do",
                    steps, config.steps_offset, *low < 0.0 ? *low : *high, config.num_train_timesteps - 1));
  }
}

}  // namespace latentdial::detail
