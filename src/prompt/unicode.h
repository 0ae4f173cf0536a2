#pragma once

#include <string>
#include <string_view>

namespace latentdial::detail {

/// Unicode's general categories L*, N*, and the White_Space property.
[[nodiscard]] bool is_letter(char32_t c);
[[nodiscard]] bool is_number(char32_t c);
[[nodiscard]] bool is_space(char32_t c);
/// A letter, mark, decimal digit, letter-like number or connector: what a regular expression calls \w.
[[nodiscard]] bool is_word(char32_t c);

/// CLIP's normalisation: canonical composition (NFC), each run of white space to one space, lower case
/// without context (Σ is always σ). Linear-logarithmic in the length, whatever the text.
[[nodiscard]] std::u32string normalize(std::u32string_view text);

}  // namespace latentdial::detail
