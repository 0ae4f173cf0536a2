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
