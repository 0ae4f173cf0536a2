#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "latentdial/error.h"
#include "latentdial/text.h"
#include "pipeline/state.h"
#include "reading/meter.h"
#include "task/check_prompts.h"

namespace latentdial {

using namespace detail;
namespace {

constexpr std::size_t kMostAtOnce = 32;

void check(const Measurement& measurement) {
  if (is_blank(measurement.style)) {
    throw invalid_input("style", "no style is given; say what to look for, as in \"Monet style\"");
  }
  const int n = measurement.evaluations;
  if (n < 2 || n > 1000 || n % 2 != 0) {
    throw invalid_input("evaluations",
                        fmt::format("{} is out of range, use an even number from 2 to 1000", n));
  }
}

}  // namespace

std::vector<Reading> Pipeline::measure(const std::vector<Image>& pictures, const Measurement& measurement,
                                       const Observer& observer) const {
  check(measurement);
  const std::scoped_lock lock(state_->one_at_a_time);
  Session& session = state_->session;
  const Model& model = *session.model;
  std::vector<std::string> notices;
  const auto encode = [&](const std::string& text) {
    return session.prompts.encode(constant_prompt("prompt", text), PromptSyntax::a1111, notices).condition;
  };
  const Condition content = encode(measurement.prompt);
  const Condition styled = encode(joined(measurement.prompt, ", " + measurement.style));
  const auto timesteps = meter_timesteps(measurement.evaluations / 2, model.schedule);
  const auto batches = (pictures.size() + kMostAtOnce - 1) / kMostAtOnce;
  StepProgress progress{.step = 0, .steps = static_cast<int>(batches * timesteps.size()), .pictures = 1};
  const auto count = [&] {
    ++progress.step;
    if (observer.on_step) observer.on_step(progress);
  };
  std::vector<Reading> readings;
  for (std::size_t begin = 0; begin < pictures.size(); begin += kMostAtOnce) {
    std::vector<MeasuredLatents> batch;
    for (std::size_t i = begin; i < std::min(pictures.size(), begin + kMostAtOnce); ++i) {
      const Image image = resize_to_fill(pictures[i], model.info.width, model.info.height);
      batch.push_back({model.latents_of(image), content, styled});
    }
    auto samples = sample_meter(session.denoiser, model.schedule, batch, timesteps, measurement.seed, count,
                                observer.stop);
    for (auto& of_picture : samples) readings.push_back(pool(std::move(of_picture)));
  }
  return readings;
}

}  // namespace latentdial
