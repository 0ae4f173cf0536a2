#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <tuple>
#include <vector>

#include "dial/peers/peers.h"

namespace latentdial::detail {
namespace {

// The preset of its authors for styles; warm-up is 2 of their 50 steps.
constexpr double kScale = 8;
constexpr double kWarmUp = 0.04;
constexpr double kQuantile = 0.92;
constexpr double kMomentumScale = 0.1;
constexpr double kMomentumBeta = 0.4;

/// The q-quantile of `values`, linear between neighbours.
float quantile(std::vector<float> values, double q) {
  std::sort(values.begin(), values.end());
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, values.size() - 1);
  return values[below] +
         static_cast<float>(place - static_cast<double>(below)) * (values[above] - values[below]);
}

/// Keeps of each channel the largest magnitudes: ψ in equation 7.
void keep_the_largest(Tensor& guidance) {
  const auto channels = static_cast<std::size_t>(guidance.dim(-1));
  for (std::size_t c = 0; c < channels; ++c) {
    std::vector<float> magnitudes;
    for (std::size_t i = c; i < guidance.values().size(); i += channels)
      magnitudes.push_back(std::abs(guidance.values()[i]));
    const float threshold = quantile(magnitudes, kQuantile);
    for (std::size_t i = c; i < guidance.values().size(); i += channels) {
      if (std::abs(guidance.values()[i]) < threshold) guidance.values()[i] = 0;
    }
  }
}

}  // namespace

Conditioning condition_sega(const DialRequest& request, const DialPrompts& prompts) {
  return [request, content = prompts.content({}).condition, style = prompts.text(request.style).condition,
          momentum = std::make_shared<Tensor>()](double progress) {
    GuidedStep step;
    step.conditions = {request.guidance.negative, content, style};
    step.combine = [=](const std::vector<Tensor>& predictions) {
      const auto& [none, text, edit] = std::tie(predictions[0], predictions[1], predictions[2]);
      Tensor guidance = Tensor::empty(none.shape());
      for (std::size_t i = 0; i < guidance.values().size(); ++i) {
        guidance.values()[i] =
            static_cast<float>(kScale * request.position * (edit.values()[i] - none.values()[i]));
      }
      keep_the_largest(guidance);
      if (!momentum->defined()) *momentum = Tensor::zeros(none.shape());
      Tensor guided = Tensor::empty(none.shape());
      const double scale = request.guidance.scale_at(progress);
      for (std::size_t i = 0; i < guided.values().size(); ++i) {
        float& past = momentum->values()[i];
        const double edited = guidance.values()[i] + kMomentumScale * past;
        past = static_cast<float>(kMomentumBeta * past + (1 - kMomentumBeta) * edited);
        const double plain = (1 - scale) * none.values()[i] + scale * text.values()[i];
        guided.values()[i] = static_cast<float>(plain + (progress < kWarmUp ? 0 : edited));
      }
      return guided;
    };
    return step;
  };
}

}  // namespace latentdial::detail
