#pragma once

#include <functional>
#include <string>

#include "dial/conditioning.h"
#include "task/prompt_steps.h"

namespace latentdial::detail {

/// Conditions a picture on prompts that are the same at every step.
struct PromptConditioner {
  std::function<Conditioning(const Texts& texts)> condition;
  std::function<Condition(const std::string& text)> encode;
};

/// Prompts that change with the steps ([from:to:when], [a|b]) or are joined by AND, as conditioning: at each
/// step ε = ε_∅ + Σ wᵢ·(εᵢ − ε_∅), ε_∅ of the negative prompt and εᵢ what `conditioner` makes of the i-th
/// prompt's text at that step, its guidance and its dial included (composable diffusion: Liu et al. 2022,
/// arXiv 2206.01714). One prompt that is the same at every step goes to `conditioner` as it is.
[[nodiscard]] Conditioning compose_prompts(const Texts& texts, int steps,
                                           const PromptConditioner& conditioner);

}  // namespace latentdial::detail
