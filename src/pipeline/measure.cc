#include <algorithm>
#include <cstddef>
#include <utility>

#include "latentdial/error.h"
#include "latentdial/text.h"
#include "pipeline/scene_features.h"
#include "pipeline/state.h"
#include "reading/meter.h"
#include "task/prompts.h"
#include "tensor/stop_scope.h"
#include "text/require.h"

namespace latentdial {

using namespace detail;
namespace {

constexpr std::size_t kMostAtOnce = 32;

void check(const Measurement& measurement) {
  require(!is_blank(measurement.style), "style",
          "no style is given; say what to look for, as in \"Monet style\"");
  const int n = measurement.evaluations;
  require(n >= 2 && n <= 1000 && n % 2 == 0, "evaluations",
          "{} is out of range, use an even number from 2 to 1000", n);
}

/// At the model's own size.
Tensor latents_of(const Model& model, const Image& image) {
  return model.latents_of(resize_to_fill(image, model.info.width, model.info.height));
}

}  // namespace

std::vector<Reading> Pipeline::measure(const std::vector<Image>& pictures, const Measurement& measurement,
                                       const Observer& observer) const {
  check(measurement);
  const std::scoped_lock lock(state_->one_at_a_time);
  const StopScope stop(observer.stop);
  Session& session = state_->session;
  const Model& model = *session.model;
  std::vector<std::string> notices;
  const auto encode = [&](const std::string& text) {
    return session.encode(constant_prompt("prompt", text), PromptSyntax::a1111, notices).condition;
  };
  const std::string prompt = content_of(measurement);
  const Condition content = encode(prompt);
  const Condition styled = encode(joined(prompt, ", " + measurement.style));
  const auto timesteps = meter_timesteps(measurement.evaluations / 2, model.schedule);
  const auto batches = (pictures.size() + kMostAtOnce - 1) / kMostAtOnce;
  StepProgress progress{.step = 0, .steps = static_cast<int>(batches * timesteps.size()), .pictures = 1};
  progress.all_evaluations = progress.steps;
  const auto count = [&] {
    progress.evaluations = ++progress.step;
    if (observer.on_step) observer.on_step(progress);
  };
  std::vector<Reading> readings;
  for (std::size_t begin = 0; begin < pictures.size(); begin += kMostAtOnce) {
    std::vector<MeasuredLatents> batch;
    for (std::size_t i = begin; i < std::min(pictures.size(), begin + kMostAtOnce); ++i)
      batch.push_back({latents_of(model, pictures[i]), content, styled});
    auto samples = sample_meter(session.denoiser, model.schedule, batch, timesteps, measurement.seed, count,
                                observer.stop);
    for (auto& of_picture : samples) readings.push_back(pool(std::move(of_picture)));
  }
  return readings;
}

std::vector<SceneFeatures> detail::scene_features(const Pipeline& pipeline,
                                                  const std::vector<DescribedPicture>& pictures,
                                                  const std::stop_token& stop) {
  auto& state = PipelineAccess::state(pipeline);
  const std::scoped_lock lock(state.one_at_a_time);
  Session& session = state.session;
  const Model& model = *session.model;
  std::vector<std::string> ignored;
  std::vector<SceneFeatures> features;
  for (const auto& [image, prompt] : pictures) {
    if (stop.stop_requested())
      throw Error(ErrorCode::cancelled, "stopped before all pictures were looked at");
    const Tensor latents = latents_of(model, image);
    const auto& text = constant_prompt("prompt", prompt);
    features.push_back(
        scene_features(session.denoiser, model.schedule,
                       {latents, session.encode(text, PromptSyntax::a1111, ignored).condition}));
  }
  return features;
}

}  // namespace latentdial
