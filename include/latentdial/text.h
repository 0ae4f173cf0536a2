#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "latentdial/export.h"

namespace latentdial {

/// Whether a text holds nothing, or only spaces, tabs and line breaks.
[[nodiscard]] LATENTDIAL_API bool is_blank(std::string_view text);

/// "A temple, Monet style" → "a-temple-monet-style", safe as a file name everywhere: ASCII letters in lower
/// case and digits, each run of anything else as one "-", none at the start.
[[nodiscard]] LATENTDIAL_API std::string slug(std::string_view text);

/// The text with each byte that belongs to no UTF-8 character replaced by U+FFFD.
[[nodiscard]] LATENTDIAL_API std::string valid_utf8(std::string_view text);

/// The text with what could steer a terminal, or hide what follows, made visible: a control character of
/// ASCII and a byte that is no UTF-8 as "\\x1b", DEL, the controls from U+0080 on, U+2028, U+2029 and the
/// marks of direction as "\\u202e", which JSON reads as the character itself.
[[nodiscard]] LATENTDIAL_API std::string escape_controls(std::string_view text);

/// Of several names the one that a word is spelt most like; "" where none is near.
[[nodiscard]] LATENTDIAL_API std::string nearest_name(std::string_view word,
                                                      const std::vector<std::string>& names);

/// Whether the text is one number of the type and nothing else, no space and no "+"; then `value` is that
/// number, which may be infinite or no number ("inf", "nan") where T is a floating-point type.
template <class T>
[[nodiscard]] bool read_number(std::string_view text, T& value) {
  T number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return false;
  value = number;
  return true;
}

}  // namespace latentdial
