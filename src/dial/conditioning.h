#pragma once

#include <functional>
#include <vector>

#include "tensor/tensor.h"

namespace latentdial {

/// What one step asks of the U-Net and what it makes of the answers: `combine` gets one prediction per
/// `text_states`, all of one shape [1,h,w,C], and gives the guided one.
struct GuidedStep {
  std::vector<Tensor> text_states;  ///< [1,T,C] each, f32.
  std::function<Tensor(const std::vector<Tensor>& predictions)> combine;
};

/// What a picture is conditioned on at each step. `progress` runs from 0, pure noise, to 1, the picture; it
/// is asked once per step, in order. A dial that acts late answers differently over time; sampler and U-Net
/// never know.
using Conditioning = std::function<GuidedStep(double progress)>;

/// One prediction of a sum, times `weight`, and where there is a mask times that at each latent.
struct GuidanceTerm {
  Tensor text_states;
  double weight = 1;
  Tensor mask = {};  ///< [1,h,w,1] in [0, 1]; undefined: 1 everywhere.
};

/// ε = Σ weight · ε(text_states). Terms of one prompt become one; what has weight 0 then costs nothing.
[[nodiscard]] GuidedStep weighted_sum(const std::vector<GuidanceTerm>& terms);

/// Σ weight · what each step makes; a prompt that several of them ask about is asked once.
struct WeightedStep {
  double weight = 1;
  GuidedStep step;
};
[[nodiscard]] GuidedStep sum_of_steps(const std::vector<WeightedStep>& steps);

/// Shares of the run between which something acts: start ≤ progress < end.
struct StepInterval {
  double start = 0, end = 1;
  [[nodiscard]] bool contains(double progress) const { return progress >= start && progress < end; }
};

/// Classifier-free guidance (Ho & Salimans 2022): ε = ε_∅ + s·(ε_text − ε_∅). Outside `interval` s is 1
/// (Kynkäänniemi et al. 2024, arXiv 2404.07724).
struct ClassifierFreeGuidance {
  Tensor negative_states;  ///< Of ∅, the negative prompt.
  double scale = 7.5;
  StepInterval interval = {};

  [[nodiscard]] double scale_at(double progress) const { return interval.contains(progress) ? scale : 1; }
  /// The two terms of a step.
  [[nodiscard]] std::vector<GuidanceTerm> terms(const Tensor& text_states, double progress) const;
  /// The whole run on one prompt. A scale of 1, or a step outside the interval, costs one U-Net evaluation.
  [[nodiscard]] Conditioning condition(const Tensor& text_states) const;
};

}  // namespace latentdial
