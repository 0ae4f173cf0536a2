#pragma once

#include <functional>
#include <vector>

#include "tensor/tensor.h"

namespace latentdial {

/// One term of a guided prediction: the U-Net's answer to `text_states`, times `weight`.
struct GuidanceTerm {
  Tensor text_states;  ///< [1, T, C], f32.
  double weight = 1;
};

/// What a picture is conditioned on at each step: ε = Σ weight · ε(text_states). `progress` runs from 0, pure
/// noise, to 1, the picture. A dial that acts late answers differently over time; sampler and U-Net never
/// know.
using Conditioning = std::function<std::vector<GuidanceTerm>(double progress)>;

/// Shares of the run between which something acts: start ≤ progress < end.
struct StepInterval {
  double start = 0, end = 1;
  [[nodiscard]] bool contains(double progress) const { return progress >= start && progress < end; }
};

/// Diffusion guided to a style: λ·w(t)·(ε_style − ε_text), w(t) 1 in the window and 0 outside.
struct StyleGuidance {
  Tensor text_states;   ///< Of the styled prompt; undefined for no style.
  double strength = 0;  ///< λ: 0 none, 1 the styled prompt itself, negative away from it.
  StepInterval window = {};
};

/// Classifier-free guidance (Ho & Salimans 2022) with a style: ε = ε_∅ + s·(ε_x − ε_∅) where ε_x = ε_text +
/// λ·w(t)·(ε_style − ε_text). Outside `interval` s is 1 (Kynkäänniemi et al. 2024, arXiv 2404.07724). Terms
/// of weight 0 are left out: a scale of 1, or a step outside, costs one U-Net evaluation instead of two, and
/// λ = 0 is exactly the picture without a style.
[[nodiscard]] Conditioning classifier_free_guidance(const Tensor& text_states, const Tensor& negative_states,
                                                    double guidance_scale, StepInterval interval = {},
                                                    StyleGuidance style = {});

}  // namespace latentdial
