#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "denoise/features.h"
#include "dial/conditioning.h"
#include "models/denoiser.h"
#include "ops/ops.h"

namespace latentdial::detail {

/// How much of another picture's layout is taken over, and where (models::LayoutTap).
struct LayoutShare {
  std::size_t level = 0;
  float share = 0;
};

/// Latents and the condition that the denoiser is to see them under.
struct PromptedLatents {
  Tensor latents;  ///< [1,h,w,C], f32.
  Condition condition;
  Tensor* deep = nullptr;       ///< Its deeper levels' features: taken where they are defined, else written.
  Tensor* layout_to = nullptr;  ///< Where its layout is written; null: nowhere.
  const Tensor* layout_from = nullptr;  ///< The layout that it takes a share of; null: its own.
};

/// One picture in a step: its latents as the denoiser is to see them, and what it is asked of them.
struct GuidedLatents {
  Tensor latents;  ///< [1,h,w,C], f32.
  GuidedStep step;
  Features* deep =
      nullptr;  ///< Its deeper levels': taken over where they are known, else written; null: neither.
  Features* layout_to = nullptr;          ///< Where its layout is written; null: nowhere.
  const Features* layout_from = nullptr;  ///< The layout that it takes a share of; null: its own.
};

/// A denoiser on pairs of latents and conditions: those with prompts of one length, for one denoiser, and
/// alike in which features they take and give, in one batch. What does not depend on the latents is computed
/// once per list of conditions and remembered, over steps and over pictures.
class PromptedDenoiser {
 public:
  /// `denoiser` is asked under conditions that bring none; all compute on `ops`.
  PromptedDenoiser(const models::Denoiser& denoiser, const ops::Backend& ops)
      : denoiser_(&denoiser), ops_(&ops) {}

  /// Forgets what was computed for one that conditions have brought.
  void forget(const models::Denoiser& other);
  /// Says which timesteps are to come, so that they are projected all at once.
  void expect(const std::vector<float>& timesteps);
  /// The prediction for each of `inputs`, [1,h,w,C] f32.
  [[nodiscard]] std::vector<Tensor> operator()(const std::vector<PromptedLatents>& inputs, float timestep,
                                               const LayoutShare& layout = {});
  /// The guided prediction for each of `pictures`. A condition takes the layout that the other picture has
  /// under the same one, or else under its prompt.
  [[nodiscard]] std::vector<Tensor> guided(const std::vector<GuidedLatents>& pictures, float timestep,
                                           const LayoutShare& layout = {});
  /// Where some tokens of the prompt are looked at: of each cross-attention [1,h,w], of its own size, the
  /// share of a place's attention that goes to them.
  [[nodiscard]] std::vector<Tensor> look_at_words(const PromptedLatents& input, float timestep,
                                                  const std::vector<std::int64_t>& tokens);

 private:
  /// Conditions by identity, without their channels: the tensors are kept, so no other can come to lie where
  /// they do.
  struct Prepared {
    std::vector<Condition> conditions;
    Tensor sizes;    ///< Those of the picture, as they are told.
    Tensor vectors;  ///< What they are told, [B,V]; undefined where that is nothing.
    models::TextContext text;
    std::map<float, models::TimeContext> times;
  };
  /// Who is asked about a batch.
  [[nodiscard]] const models::Denoiser& asked(const Condition& condition) const;
  Prepared& prepare(const std::vector<PromptedLatents>& inputs);
  const models::TimeContext& time_of(Prepared& prepared, float timestep);
  /// One batch, whose prompts have one length, and of which all or none take or give features of a kind.
  [[nodiscard]] std::vector<Tensor> run(const std::vector<PromptedLatents>& inputs, float timestep,
                                        const LayoutShare& layout);
  /// The latents of a batch on the device, with what lies beside them.
  [[nodiscard]] Tensor latents_of(const std::vector<PromptedLatents>& inputs) const;
  Tensor call(const std::vector<PromptedLatents>& inputs, float timestep, const models::Taps& taps);

  const models::Denoiser* denoiser_;
  const ops::Backend* ops_;
  std::deque<Prepared> prepared_;
  std::set<float> expected_;
};

}  // namespace latentdial::detail
