#include <algorithm>
#include <cstddef>
#include <utility>

#include "latentdial/error.h"
#include "latentdial/text.h"
#include "pipeline/state.h"
#include "prompt/lora_tags.h"
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

std::vector<Reading> Pipeline::measure(const std::vector<Image>& pictures, const Measurement& given,
                                       const Observer& observer) const {
  check(given);
  Measurement measurement = given;  // What a picture shows is said without the LoRAs that made it.
  measurement.prompt = take_lora_tags(given.prompt).text;
  const auto lora = state_->lora_of(measurement.style);
  if (lora) (void)state_->variants->info_with({*lora});  // Which says where it cannot be read.
  const std::scoped_lock lock(state_->one_at_a_time);
  const StopScope stop(observer.stop);
  Session& session = state_->session;
  const Model& model = *session.model;
  require(model.info.upscales_by == 0, "model", "{} upscales pictures and cannot read them; use another",
          model.info.name);
  std::vector<std::string> notices;
  const auto encode = [&](const std::string& text) {
    return session.encode(constant_prompt("prompt", text), PromptSyntax::a1111, notices).condition;
  };
  const std::string prompt = content_of(measurement);
  const Condition content = encode(prompt);
  const auto by_lora = [&] {
    const auto read = session.encode_with(*lora, prompt, PromptSyntax::a1111, notices);
    return session.asked_of(*lora, read.condition, content);
  };
  const Condition styled = lora ? by_lora() : encode(styled_of(measurement));
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
  session.release_dialled();
  return readings;
}

}  // namespace latentdial
