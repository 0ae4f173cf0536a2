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

// Two that edit a finished picture, published for flows, whose velocity is v = n − x. A flow's picture under
// noise, z = (1−t)·x + t·n, is any other's divided by signal + noise, with t/(1−t) = σ; there v = (z − x̂₀)/t,
// and an Euler step along v is a DDIM step. So what the papers say of v is said of x̂₀ here.

/// FlowSlider (Endo et al. 2026, arXiv 2604.02088), what the edited picture is asked: FlowEdit's update
/// (Kulikov et al. 2024, arXiv 2412.08629) in two parts, fidelity and steering, the second times p:
///
///     V = [v(z_edit | x₁) − v(z_original | x₁)] + p·[v(z_edit | x₂) − v(z_edit | x₁)],
///
/// each v with classifier-free guidance of the scale s. What is asked of z_edit is so CFG(x₁) +
/// p·s·(ε(x₂) − ε(x₁)), which is FreeSliders' sum at every step; the rest is denoise/anchored_edit.h, which
/// is FlowEdit's update. 0 is the finished picture, bit for bit, 1 FlowEdit's own edit.
[[nodiscard]] Conditioning condition_flow_slider(const DialRequest& request, const DialPrompts& prompts);
/// As its public demonstration has it (the paper's own settings were not to be had): the last 20 of 28 steps
/// (n_max), new noise once at each (n_avg 1), down to the last (n_min 0), one guidance scale (3.5) for both
/// pictures, which is the user's here. FlowEdit itself guides the original less, 1.5 to 5.5 and 3.5 to 13.5;
/// then 0 would not be the original.
inline const EditRecipe kFlowSliderRecipe = {.start = 8.0 / 28, .layout_share = 0, .layout_until = 0};

/// VeloEdit (Li et al. 2026, arXiv 2603.13388), what the edited picture is asked: CFG(x₂), whatever p. The
/// paper asks editing models (FLUX.1 Kontext, Qwen-Image-Edit) that are shown the original, too; these U-Nets
/// are not, and all that they know of it is what `velo_edit_change` leads back to.
[[nodiscard]] Conditioning condition_velo_edit(const DialRequest& request, const DialPrompts& prompts);
/// Its velocity: with v_ref = (z − x₀)/t, which leads to the original, and the element-wise similarity
/// |v_ref| / (|v_ref| + |v − v_ref|),
///
///     v ← v_ref where that is at least 0.8, and v_ref + p·(v − v_ref) elsewhere,
///
/// the paper's blend at a = 1 − p. v − v_ref is (x₀ − x̂₀)/t, so x̂₀ − x₀ becomes 0 there and p times itself
/// elsewhere: [1,h,w,C], which this returns. 0 is the finished picture, bit for bit.
[[nodiscard]] Tensor velo_edit_change(const SeenEdit& seen, double position);
/// At all steps, from noise that is not the original's, as its authors run Qwen-Image-Edit (6 of 6 steps).
/// With Kontext they do so at the first of 6 alone, which goes back to the original by itself; a model that
/// is not shown it would draw another picture from there on.
inline const EditRecipe kVeloEditRecipe = {.layout_share = 0, .layout_until = 0};

}  // namespace latentdial::detail
