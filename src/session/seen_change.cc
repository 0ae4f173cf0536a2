#include "session/seen_change.h"

#include <algorithm>
#include <utility>

#include "session/conditions.h"
#include "session/visible_change.h"

namespace latentdial::detail {
namespace {

/// The share of the steps after which the model looks: things are laid out there, and surfaces seen already.
constexpr double kLookAt = 0.1;

}  // namespace

double seen_change(Session& session, const Task& task, std::vector<std::string>& notices) {
  const Denoising& plain = session.finished(task.content);
  const Sampler& sampler = *plain.sampler;
  const int i = std::min(sampler.evaluation_at(0, kLookAt), sampler.evaluations() - 1);
  TorchGenerator generator = plain.generator;
  const Tensor noised = sampler.add_noise(plain.latents, generator.randn_nhwc(plain.latents.shape()), i);
  const Tensor mask = style_mask(session, task);
  const Content unguided = with_guidance(task.content, 1);
  const Tensor input = sampler.scale_model_input(noised, i);
  std::vector<GuidedLatents> asked;
  for (const Turn& turn : {Turn{}, task.turn})
    asked.push_back(
        {.latents = input, .step = condition(session, unguided, turn, mask, notices)(sampler.progress(i))});
  const auto answers = session.denoiser.guided(asked, sampler.timestep(i));
  const auto clean = [&](const Tensor& prediction) {
    return sampler.split_prediction(prediction, noised, i).x0;
  };
  return visible_change(clean(answers[0]), clean(answers[1]), mask);
}

}  // namespace latentdial::detail
