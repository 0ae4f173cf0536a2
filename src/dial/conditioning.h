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

/// Shares of the run between which guidance acts.
struct GuidanceInterval {
  double start = 0, end = 1;
};

/// Classifier-free guidance (Ho & Salimans 2022): ε = ε_∅ + s·(ε_text − ε_∅) while start ≤ progress < end,
/// and ε_text outside (Kynkäänniemi et al. 2024, arXiv 2404.07724). Terms of weight 0 are left out, so a
/// scale of 1, or a step outside, costs one U-Net evaluation instead of two.
[[nodiscard]] Conditioning classifier_free_guidance(const Tensor& text_states, const Tensor& negative_states,
                                                    double guidance_scale, GuidanceInterval interval = {});

}  // namespace latentdial
