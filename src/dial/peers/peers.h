#pragma once

#include "dial/method.h"

/// Other people's dials, from their formulas. Each keeps its own zero, which need not be the plain picture.
/// Symbols as in dial/methods.h.
namespace latentdial::detail {

/// A1111's emphasis "PROMPT, (STYLE:p)": the style's tokens of x₂ times p, then the whole encoding times
/// mean(before)/mean(after).
[[nodiscard]] Conditioning condition_weight(const DialRequest& request, const DialPrompts& prompts);
/// compel's: the style's tokens become z∅ + p·(z − z∅), z∅ the encoding of the empty prompt.
[[nodiscard]] Conditioning condition_weight_compel(const DialRequest& request, const DialPrompts& prompts);
/// Semantic guidance (Brack et al. 2023, arXiv 2301.12247) with the style as the one edit, in its authors'
/// style preset: scale 8·p, warm-up 2 of 50 steps, per-channel quantile 0.92, momentum 0.1 with β 0.4. Three
/// evaluations a step. Must be asked once per step.
[[nodiscard]] Conditioning condition_sega(const DialRequest& request, const DialPrompts& prompts);
/// DreamWalk (Shu et al. 2024, arXiv 2404.03145, equation 3) with the prompt and the style as terms of their
/// own: ε = ε_∅ + s·(ε(x₁) − ε_∅) + p·s·(ε(v) − ε_∅), the last from `kDreamWalkStart` of the run on.
[[nodiscard]] Conditioning condition_dreamwalk(const DialRequest& request, const DialPrompts& prompts);
inline constexpr double kDreamWalkStart = 0.2;
/// FreeSliders (arXiv 2511.00103): ε = CFG(x₁) + η·(ε(x₂) − ε(x₁)), η = p·s, from step 15 of 50 on.
[[nodiscard]] Conditioning condition_free_sliders(const DialRequest& request, const DialPrompts& prompts);
inline constexpr double kFreeSlidersStart = 0.3;
/// Steering of the text embedding (arXiv 2603.17998): p times the mean difference that the style's words make
/// to the states of a few contents is added to every state. p = 1 moves the mean state as far as the words
/// do.
[[nodiscard]] Conditioning condition_steer(const DialRequest& request, const DialPrompts& prompts);

}  // namespace latentdial::detail
