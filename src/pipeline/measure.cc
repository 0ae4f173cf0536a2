#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "latentdial/error.h"
#include "pipeline/composed_prompt.h"
#include "pipeline/engine.h"
#include "pipeline/meter.h"
#include "pipeline/pixels.h"

namespace latentdial {
namespace {

constexpr std::size_t kMostAtOnce = 32;

void check(const Measurement& measurement) {
  if (measurement.style.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw invalid_input("style", "no style is given; say what to look for, as in \"Monet style\"");
  }
  const int n = measurement.evaluations;
  if (n < 2 || n > 1000 || n % 2 != 0) {
    throw invalid_input("evaluations",
                        fmt::format("{} is out of range, use an even number from 2 to 1000", n));
  }
}

}  // namespace

Tensor Pipeline::Engine::encode_pixels(const Image& image) const {
  Tensor mean = encoder(to_pixels(resize_to_fill(image, info.width, info.height))).mean;
  return mean;
}

std::vector<Reading> Pipeline::measure(const std::vector<Image>& pictures, const Measurement& measurement,
                                       const Observer& observer) const {
  check(measurement);
  const std::scoped_lock lock(engine_->one_at_a_time);
  std::vector<std::string> notices;
  const auto encode = [&](const std::string& text) {
    return engine_->prompt_encoder.encode(constant_prompt("prompt", text), PromptSyntax::a1111, notices)
        .states;
  };
  const Tensor content = encode(measurement.prompt);
  const std::string styled =
      measurement.prompt.empty() ? measurement.style : measurement.prompt + ", " + measurement.style;
  const Tensor styled_states = encode(styled);
  const auto timesteps = meter_timesteps(measurement.evaluations / 2);
  const auto batches = (pictures.size() + kMostAtOnce - 1) / kMostAtOnce;
  StepProgress progress{.step = 0, .steps = static_cast<int>(batches * timesteps.size()), .pictures = 1};
  std::vector<Reading> readings;
  for (std::size_t begin = 0; begin < pictures.size(); begin += kMostAtOnce) {
    std::vector<MeasuredLatents> batch;
    for (std::size_t i = begin; i < std::min(pictures.size(), begin + kMostAtOnce); ++i)
      batch.push_back({engine_->encode_pixels(pictures[i]), content, styled_states});
    auto samples = sample_meter(
        engine_->prompted_unet, engine_->schedule, batch, timesteps, measurement.seed,
        [&] {
          ++progress.step;
          if (observer.on_step) observer.on_step(progress);
        },
        observer.stop);
    for (auto& of_picture : samples) readings.push_back(pool(std::move(of_picture)));
  }
  return readings;
}

}  // namespace latentdial
