#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "text/words.h"

namespace latentdial::detail {

/// Whether a backslash stands at `at` that makes the character after it text: one of ( ) [ ] : | \.
[[nodiscard]] bool is_escape(std::string_view prompt, std::size_t at);

/// Throws invalid_input of the prompt for more than 64 open brackets.
void check_depth(std::size_t open);

/// A decimal number as "1", "-0.5" or ".5", perhaps with spaces around it; nothing for any other text.
[[nodiscard]] std::optional<double> read_decimal(std::string_view text);

/// Cuts a text at a word in its case (BREAK, AND) and takes the spaces around it away; at least one part.
[[nodiscard]] std::vector<std::string_view> split_at_word(std::string_view text, std::string_view word);

}  // namespace latentdial::detail
