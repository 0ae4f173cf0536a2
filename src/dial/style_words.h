#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace latentdial::detail {

/// The prompt without the style's words and the comma before them, where it holds them as whole words (any
/// case): "a temple, Monet style" → "a temple". Nothing when it does not, or when nothing else would be left.
[[nodiscard]] std::optional<std::string> without_style(const std::string& prompt, const std::string& style);

/// What stands before and after a prompt.
struct Around {
  std::string before = {}, after = {};
};

/// How a style's words may be put to a prompt, as Dial::words has it; the first unless a dial says otherwise.
[[nodiscard]] std::span<const std::string_view> ways_to_say_it();

/// What `words` puts around a prompt: "{style} {prompt}" → "Monet style ", "". Throws invalid_input where it
/// is not one of those.
[[nodiscard]] Around around_prompt(std::string_view words, const std::string& style);

/// The prompt within what stands around it, or where there is no prompt that alone, without ", ".
[[nodiscard]] std::string joined(const std::string& prompt, const Around& around);

}  // namespace latentdial::detail
