#pragma once

#include <functional>
#include <string>

#include "dial/conditioning.h"
#include "latentdial/error.h"
#include "latentdial/settings.h"
#include "tensor/tensor.h"

namespace latentdial {

/// Conditions a picture on prompts that are the same at every step.
struct PromptConditioner {
  std::function<Conditioning(const Settings& settings)> condition;
  std::function<Tensor(const std::string& text)> text_states;
};

/// Settings whose prompts change with the steps ([from:to:when], [a|b]) or are joined by AND, as
/// conditioning: at each step ε = ε_∅ + Σ wᵢ·(εᵢ − ε_∅), ε_∅ of the negative prompt and εᵢ what `conditioner`
/// makes of the settings with the i-th prompt's text at that step, its guidance and its dial included
/// (composable diffusion: Liu et al. 2022, arXiv 2206.01714). Other settings go to `conditioner` as they are.
[[nodiscard]] Conditioning compose_prompts(const Settings& settings, const PromptConditioner& conditioner);

/// Throws invalid_input for prompts whose syntax cannot be read, and where AND or a change with the steps
/// stands where it has no meaning: in a style, in a negative prompt or the other end of an interpolation
/// (AND), or with a picture to be inverted. Needs no model.
void check_prompts(const Settings& settings);

/// The text itself, where it is one prompt that does not change with the steps. Otherwise throws
/// invalid_input, of `field`.
[[nodiscard]] const std::string& constant_prompt(const char* field, const std::string& text);

/// What `read` returns. What it throws of "prompt" becomes an Error of `field`, the prompt that it reads.
template <class Read>
auto read_prompt(const char* field, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    if (error.field() != "prompt") throw;
    throw error.about(field);
  }
}

}  // namespace latentdial
