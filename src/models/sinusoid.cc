#include "models/sinusoid.h"

#include <cmath>

namespace latentdial::detail::models {

Tensor sinusoids(std::span<const float> numbers, std::int64_t channels, bool flip, float freq_shift) {
  const auto half = channels / 2;
  Tensor embedding = Tensor::zeros({static_cast<std::int64_t>(numbers.size()), channels});
  auto* row = embedding.data<float>();
  for (const float number : numbers) {
    for (std::int64_t i = 0; i < half; ++i) {
      const float exponent =
          -std::log(10000.0f) * static_cast<float>(i) / (static_cast<float>(half) - freq_shift);
      const float angle = number * std::exp(exponent);
      row[flip ? half + i : i] = std::sin(angle);
      row[flip ? i : half + i] = std::cos(angle);
    }
    row += channels;
  }
  return embedding;
}

}  // namespace latentdial::detail::models
