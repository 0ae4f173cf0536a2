#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// How good a picture is said to look, 0 to 10, and a negative prompt's: what diffusers tells SDXL's refiner.
inline constexpr float kAestheticScore = 6, kNegativeAestheticScore = 2.5F;

namespace models {
class Denoiser;
}

/// What a denoiser is told of a picture besides its latents, f32 on the host, and which denoiser that is.
struct Condition {
  Tensor tokens;    ///< [1,T,C], what cross-attention looks at: a prompt's text states.
  Tensor vector;    ///< [1,V], added to the timestep: pooled text, an image embedding; or undefined.
  Tensor channels;  ///< [1,h,w,K], laid beside the latents: a mask, a masked picture; [1,1,1,K]: the same at
                    ///< every place; or undefined.
  /// Pixels to a latent where the vector is followed by the picture's sizes (models::kToldSizes), which the
  /// latents tell; 0 where it is not.
  std::int64_t told_scale = 0;
  /// How good the picture is said to look, after the sizes (models::kToldSizesAndScore); none: it is not.
  std::optional<float> aesthetic_score = {};
  /// The one that is asked in place of the model's own: the refiner, or that of the model with a LoRA. Null:
  /// the own one.
  std::shared_ptr<const models::Denoiser> denoiser = {};
  std::shared_ptr<const Condition> own =
      {};  ///< What the own one is told of the same words, where it is another.

  Condition() = default;
  /// A prompt's text states alone.
  Condition(Tensor text_states) : tokens(std::move(text_states)) {}

  /// Whether both are the same tensors, not only equal ones.
  [[nodiscard]] bool is(const Condition& other) const {
    return tokens.raw() == other.tokens.raw() && vector.raw() == other.vector.raw() &&
           channels.raw() == other.channels.raw() && asks_alike(other);
  }
  /// Whether both say the same to the same denoiser.
  [[nodiscard]] bool operator==(const Condition& other) const;

 private:
  [[nodiscard]] bool asks_alike(const Condition& other) const {
    return denoiser == other.denoiser && told_scale == other.told_scale &&
           aesthetic_score == other.aesthetic_score;
  }
};

/// `between` of the tokens of two conditions, brought to one length (`same_length`), and of their vectors;
/// all else is the first one's.
[[nodiscard]] Condition combine(const Condition& a, const Condition& b,
                                const std::function<Tensor(const Tensor& a, const Tensor& b)>& between);

/// What one step asks of the denoiser and what it makes of the answers: `combine` gets one prediction per
/// condition, all of one shape [1,h,w,C], and gives the guided one.
struct GuidedStep {
  std::vector<Condition> conditions;
  std::function<Tensor(const std::vector<Tensor>& predictions)> combine;
};

/// What a picture is conditioned on at each step. `progress` runs from 0, pure noise, to 1, the picture; it
/// is asked once per step, in order. A dial that acts late answers differently over time; sampler and
/// denoiser never know.
using Conditioning = std::function<GuidedStep(double progress)>;

/// One prediction of a sum, times `weight`, and where there is a mask times that at each latent.
struct GuidanceTerm {
  Condition condition;
  double weight = 1;
  Tensor mask = {};  ///< [1,h,w,1] in [0, 1]; undefined: 1 everywhere.
};

/// ε = Σ weight · ε(condition). Terms of one condition become one; what has weight 0 then costs nothing.
[[nodiscard]] GuidedStep weighted_sum(const std::vector<GuidanceTerm>& terms);

/// Σ weight · what each step makes; a condition that several of them ask about is asked once.
struct WeightedStep {
  double weight = 1;
  GuidedStep step;
};
[[nodiscard]] GuidedStep sum_of_steps(const std::vector<WeightedStep>& steps);

/// What `guided` makes of a step, brought by `share` of the way to the spread of what `unguided` makes of it:
/// g · (share · σ(u)/σ(g) + 1 − share), σ the deviation of all values (Lin et al. 2024, arXiv 2305.08891,
/// section 3.4). A condition that both ask about is asked once.
[[nodiscard]] Conditioning rescaled(const Conditioning& guided, const Conditioning& unguided, double share);

/// Shares of the run between which something acts: start ≤ progress < end.
struct StepInterval {
  double start = 0, end = 1;
  [[nodiscard]] bool contains(double progress) const { return progress >= start && progress < end; }
  bool operator==(const StepInterval&) const = default;
};

/// A prompt and the negative prompt that guides it.
struct PromptPair {
  Condition text, negative;
};

/// Classifier-free guidance (Ho & Salimans 2022): ε = ε_∅ + s·(ε_text − ε_∅). A scale of up to 1 is no
/// guidance, as in diffusers: s is 1. So it is outside `interval` (Kynkäänniemi et al. 2024, arXiv
/// 2404.07724).
struct ClassifierFreeGuidance {
  Condition negative;  ///< ∅, the negative prompt.
  double scale = 7.5;
  StepInterval interval = {};

  [[nodiscard]] double scale_at(double progress) const {
    return interval.contains(progress) ? std::max(scale, 1.0) : 1;
  }
  /// The two terms of a step.
  [[nodiscard]] std::vector<GuidanceTerm> terms(const Condition& text, double progress) const;
  /// The whole run on one prompt. A scale of up to 1, or a step outside the interval, costs one evaluation.
  [[nodiscard]] Conditioning condition(const Condition& text) const;
};

}  // namespace latentdial::detail
