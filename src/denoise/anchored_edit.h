#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "denoise/denoising.h"
#include "denoise/prompted_denoiser.h"
#include "dial/conditioning.h"
#include "dial/method.h"
#include "latentdial/dial.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// A finished picture, and what the model sees of it under noise at the latest step: the same for all its
/// edits, so it is looked at once.
struct LookedAt {
  Tensor latents;                ///< x₀ [1,h,w,C], f32.
  Conditioning conditioning;     ///< What it is conditioned on while it is looked at.
  TorchGenerator generator;      ///< Where the noise comes from.
  bool one_noise = false;        ///< All steps have the same; else each has its own.
  Tensor noise = {}, seen = {};  ///< n and x̂₀(x₀ + σn).
  Features layout = {};
};

/// What an edit is to change of the original, x̂₀ − x₀, by what is seen of the edited picture alone.
using ChangeRule = std::function<Tensor(const SeenEdit& seen)>;

/// A picture that is being made of a finished one, with the same scene in it.
struct AnchoredEdit {
  std::shared_ptr<LookedAt> original;
  Conditioning conditioning;  ///< What the edited picture is conditioned on.
  Tensor change;              ///< Δ so far, [1,h,w,C]; zeros at the beginning.
  /// Empty: what the model sees of the edited picture less what it sees of the original.
  ChangeRule rule = {};
};

/// Before its first step.
[[nodiscard]] AnchoredEdit begin_edit(std::shared_ptr<LookedAt> original, Conditioning conditioning);

/// x₀ + Δ.
[[nodiscard]] Tensor edited(const AnchoredEdit& edit);

/// Takes every edit from evaluation `first` to `until` of a schedule, all in one batch. At each noise level
/// original and edited picture get the same noise, a new one but where the original has one alone; what the
/// model sees of the edited one, less what it sees of the original, is
/// the change so far, and the smaller the noise the more of it is kept (Kulikov et al. 2024, arXiv
/// 2412.08629, there for flows):
///
///     Δ ← (σ'/σ)·Δ + (1 − σ'/σ)·(x̂₀(x₀ + Δ + σn) − x̂₀(x₀ + σn)).
///
/// Until `recipe.layout_until` a share of the layout is the original's at the same noise. Gone through again
/// from `first` on, noise too low to lay a scene out anew still brings the whole style.
///
/// By a rule of its own an edit goes another way, and the original is not looked at:
///
///     Δ ← (σ'/σ)·Δ + (1 − σ'/σ)·rule(x₀, z, x̂₀(z)),   z = x₀ + Δ + σn,
///
/// which, with one noise for the whole run, is z denoised by DDIM from the original in noise, with x̂₀ as the
/// rule will have it. What `on_evaluation` gets to see is the edited latents so far.
void edit(PromptedDenoiser& denoiser, const Sampler& sampler, std::span<AnchoredEdit> edits, int first,
          int until, const EditRecipe& recipe, const OnEvaluation& on_evaluation,
          const std::stop_token& stop);

/// How many steps that is, and how often `edit` calls `on_evaluation`.
[[nodiscard]] int edit_steps(const Sampler& sampler, int first, int until);

}  // namespace latentdial::detail
