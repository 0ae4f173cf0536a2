#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dial/conditioning.h"
#include "session/session.h"
#include "task/prompts.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// What a picture is conditioned on: its prompts, plain, dialled, or between two, and the guidance. `mask`
/// [1,h,w,1] says where the style acts; undefined: everywhere.
[[nodiscard]] Conditioning condition(Session& session, const Content& content, const Turn& turn,
                                     const Tensor& mask, std::vector<std::string>& notices);

/// The same under another guidance scale.
[[nodiscard]] Content with_guidance(Content content, double scale);

/// A LoRA at so much of its own scale.
[[nodiscard]] LoraUse at_strength(LoraUse lora, double strength);

/// Where the style of a task acts, [1,h,w,1]; undefined: everywhere. A mask of words must be known.
[[nodiscard]] Tensor style_mask(const Session& session, const Task& task);

/// `inside` where such a mask is 1, `outside` where it is 0; latents [1,h,w,C].
[[nodiscard]] Tensor within_mask(const Tensor& outside, const Tensor& inside, const Tensor& mask);

/// Conditions a picture on prompts that are the same at every step.
struct PromptConditioner {
  std::function<Conditioning(const Texts& texts)> condition;
  std::function<Condition(const std::string& text)> negative;
};

/// Prompts that change with the steps ([from:to:when], [a|b]) or are joined by AND, as conditioning: at each
/// step ε = ε_∅ + Σ wᵢ·(εᵢ − ε_∅), ε_∅ of the negative prompt and εᵢ what `conditioner` makes of the i-th
/// prompt's text at that step, its guidance and its dial included (composable diffusion: Liu et al. 2022,
/// arXiv 2206.01714). One prompt that is the same at every step goes to `conditioner` as it is.
[[nodiscard]] Conditioning compose_prompts(const Texts& texts, int steps,
                                           const PromptConditioner& conditioner);

}  // namespace latentdial::detail
