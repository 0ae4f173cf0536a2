#pragma once

#include <string>

#include "latentdial/settings.h"

namespace latentdial::detail {

/// Throws invalid_input for prompts whose syntax cannot be read, and where AND or a change with the steps
/// stands where it has no meaning: in a style, in a negative prompt or the other end of an interpolation
/// (AND), or with a picture to be inverted. Needs no model.
void check_prompts(const Settings& settings);

/// The text itself, where it is one prompt that does not change with the steps. Otherwise throws
/// invalid_input, of `field`.
[[nodiscard]] const std::string& constant_prompt(const char* field, const std::string& text);

}  // namespace latentdial::detail
