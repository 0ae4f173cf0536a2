#pragma once

#include "dial/method.h"

namespace latentdial::detail {

// With x₁ the prompt's encoding, v the style's, x₂ that of "PROMPT, STYLE" and p the position:

/// The paper's augmentation: slerp(x₁, x₁+v, p).
[[nodiscard]] Conditioning condition_slerp(const DialRequest& request, const DialPrompts& prompts);
/// The paper's weakening, towards the difference: slerp(x₁, x₁−v, −p), so that a negative position weakens.
[[nodiscard]] Conditioning condition_slerp_diff(const DialRequest& request, const DialPrompts& prompts);
/// Its DALL-E 2 form (Ramesh et al. 2022, section 3.3): slerp(x₁, ‖x₁‖·(x₁−v)/‖x₁−v‖, −p).
[[nodiscard]] Conditioning condition_slerp_diff_normalised(const DialRequest& request,
                                                           const DialPrompts& prompts);
/// (1−p)·x₁ + p·x₂.
[[nodiscard]] Conditioning condition_lerp(const DialRequest& request, const DialPrompts& prompts);
/// The paper's future work: x₁ starts the picture and the diffusion is guided to the style,
/// ε = ε_∅ + s·(ε(x₁) − ε_∅) + s·p·w(t)·(ε(styled) − ε(plain)), w(t) 1 in the window and 0 outside. Where the
/// prompt names the style, styled is the prompt itself and plain the prompt without it; elsewhere plain is
/// the prompt and styled x₂. 0 is exactly the prompt's picture; with the whole run as window, 1 is exactly
/// that of x₂, and −1 of a prompt that names the style exactly that of the prompt without it. `anchored`
/// edits the finished picture by it (denoise/anchored_edit.h). Of a LoRA, styled is the prompt as the model
/// with all of it is asked, and plain as the model itself is; ε_∅ changes by the same rule.
[[nodiscard]] Conditioning condition_guide(const DialRequest& request, const DialPrompts& prompts);

/// By a text state between: x₁ + p·(styled − plain), and beyond. Of a LoRA, by the model with p times of it.
/// Where there is a mask, x₁ outside of it.
[[nodiscard]] Conditioning condition_between(const DialRequest& request, const DialPrompts& prompts);

}  // namespace latentdial::detail
