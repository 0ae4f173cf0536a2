#pragma once

#include <optional>
#include <string>

namespace latentdial::detail {

/// The prompt without the style's words and the comma before them, where it holds them as whole words (any
/// case): "a temple, Monet style" → "a temple". Nothing when it does not, or when nothing else would be left.
[[nodiscard]] std::optional<std::string> without_style(const std::string& prompt, const std::string& style);

}  // namespace latentdial::detail
