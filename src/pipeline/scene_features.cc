#include "pipeline/scene_features.h"

#include "latentdial/error.h"
#include "pipeline/state.h"
#include "task/check_prompts.h"

namespace latentdial::detail {

std::vector<SceneFeatures> scene_features(const Pipeline& pipeline,
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
    const Tensor latents = model.latents_of(resize_to_fill(image, model.info.width, model.info.height));
    const auto& text = constant_prompt("prompt", prompt);
    features.push_back(
        scene_features(session.denoiser, model.schedule,
                       {latents, session.prompts.encode(text, PromptSyntax::a1111, ignored).condition}));
  }
  return features;
}

}  // namespace latentdial::detail
