#pragma once

#include <deque>
#include <map>
#include <vector>

#include "models/unet.h"
#include "ops/ops.h"

namespace latentdial {

/// Latents and the prompt that the U-Net is to see with them.
struct PromptedLatents {
  Tensor latents;      ///< [1,h,w,C], f32.
  Tensor text_states;  ///< [1,T,C], f32.
  /// The one of the batch whose layout it takes; negative: its own.
  std::int64_t structure_of = -1;
};

/// The U-Net on pairs of latents and prompts: those with prompts of one length in one batch, and all of them
/// where one takes another's layout, the shorter prompts repeated. Prompts are projected to keys and values
/// once and remembered, over steps and over pictures, and so are timesteps.
class PromptedUNet {
 public:
  PromptedUNet(const models::UNet& unet, const ops::Backend& ops) : unet_(&unet), ops_(&ops) {}

  /// Projects the timesteps that are to come, all at once.
  void expect(const std::vector<float>& timesteps);
  /// The U-Net's answer to each of `inputs`, [1,h,w,C] f32, at an expected timestep.
  [[nodiscard]] std::vector<Tensor> operator()(const std::vector<PromptedLatents>& inputs, float timestep);
  /// Where some tokens of the prompt are looked at, at an expected timestep: of each cross-attention [1,h,w],
  /// of its own size, the share of a place's attention that goes to them.
  [[nodiscard]] std::vector<Tensor> look_at_words(const PromptedLatents& input, float timestep,
                                                  const std::vector<std::int64_t>& tokens);

  /// UNet::scene_features of one picture, [1,h,w,C] f32, at an expected timestep.
  [[nodiscard]] Tensor scene_features(const PromptedLatents& input, float timestep);

 private:
  /// Prompts by identity: the tensors are kept, so no other can come to lie where they do.
  struct Projected {
    std::vector<Tensor> text_states;
    models::TextContext context;
  };
  const models::TextContext& project(const std::vector<PromptedLatents>& inputs);
  /// One batch, whose prompts have one length.
  [[nodiscard]] std::vector<Tensor> run(const std::vector<PromptedLatents>& inputs, float timestep);

  const models::UNet* unet_;
  const ops::Backend* ops_;
  std::deque<Projected> projected_;
  std::map<float, models::TimeContext> times_;
};

}  // namespace latentdial
