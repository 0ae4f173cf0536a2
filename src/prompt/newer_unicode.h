#pragma once

namespace latentdial::detail {

// transformers 5 reads Unicode 16 for letters and numbers, 17 for lower case and only 9 for normalisation,
// while utf8proc 2.8 is at 15.0 throughout. These tables are the difference.

/// Letters and numbers of Unicode 15.1 and 16.
[[nodiscard]] bool is_newer_letter(char32_t c);
[[nodiscard]] bool is_newer_number(char32_t c);
/// A mark that Unicode 10 or later brought: to transformers a character like any other, which neither changes
/// places with its neighbours nor joins them.
[[nodiscard]] bool is_unordered_mark(char32_t c);
/// The lower case that Unicode 15.1 to 17 gave `c`; `c` itself when they gave none.
[[nodiscard]] char32_t newer_lower_case(char32_t c);

}  // namespace latentdial::detail
