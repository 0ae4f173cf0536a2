#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "denoise/denoising.h"
#include "denoise/prompted_denoiser.h"
#include "dial/conditioning.h"
#include "dial/method.h"
#include "latentdial/dial.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// What an edit is to change of the original, x̂₀ − x₀, by what is seen of the edited picture alone.
using ChangeRule = std::function<Tensor(const SeenEdit& seen)>;

/// A picture to be made of a finished one, with the same scene in it.
struct AnchoredEdit {
  const Denoising* original;  ///< Finished.
  Conditioning plain;         ///< What the original is conditioned on while it is edited.
  Conditioning conditioning;  ///< What the edited picture is conditioned on.
  /// What is changed before the first evaluation, as in a picture whose colours are another's: its latents
  /// less the original's. Undefined: nothing, and the edited picture gets the original's layout.
  Tensor change = {};
  ChangeRule rule =
      {};  ///< Empty: what the model sees of the edited picture less what it sees of the original.
};

/// The edited latents, one per edit. From evaluation `first` on, original and edited picture get the same new
/// noise at each noise level; what the model sees of the edited one, less what it sees of the original, is
/// the change so far, and the smaller the noise the more of it is kept (Kulikov et al. 2024, arXiv
/// 2412.08629, there for flows):
///
///     Δ ← (σ'/σ)·Δ + (1 − σ'/σ)·(x̂₀(x₀ + Δ + σn) − x̂₀(x₀ + σn)).
///
/// Until `recipe.layout_until` the layout of the scene comes from the original's evaluation, where the change
/// begins with nothing: one that begins with new colours shows the layout by itself. This is gone through
/// `recipe.passes` times, each from the change that the one before came to: noise too low to lay a scene out
/// anew then still brings the whole style.
///
/// By a rule of its own an edit goes another way: the original is not looked at, and the noise n is one for
/// the whole run,
///
///     Δ ← (σ'/σ)·Δ + (1 − σ'/σ)·rule(x₀, z, x̂₀(z)),   z = x₀ + Δ + σn,
///
/// which is z denoised by DDIM from the original in noise, with x̂₀ as the rule will have it. All edits are on
/// one schedule, in one batch; an original that several share is evaluated once. What `on_evaluation` gets to
/// see is the edited latents so far.
[[nodiscard]] std::vector<Tensor> edit(PromptedDenoiser& denoiser, const std::vector<AnchoredEdit>& edits,
                                       int first, const EditRecipe& recipe, const OnEvaluation& on_evaluation,
                                       const std::stop_token& stop);

/// How often `edit` calls `on_evaluation`.
[[nodiscard]] int edit_steps(const Sampler& sampler, int first, int passes);

}  // namespace latentdial::detail
