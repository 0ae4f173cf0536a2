#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace latentdial::detail {

/// What a text begins with: one character of UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing past
/// U+10FFFF), or the longest broken part (Unicode 15, section 3.9, "best practices").
struct Utf8Start {
  char32_t point;    ///< U+FFFD where it is broken.
  std::size_t size;  ///< In bytes, 1 to 4.
  bool whole;
};
/// `text` is not empty.
[[nodiscard]] Utf8Start utf8_start(std::string_view text);

/// UTF-8 → code points. Each broken part becomes one U+FFFD, which is Python's `errors="replace"`.
[[nodiscard]] std::u32string decode_utf8(std::string_view text);
/// Code points, none past U+10FFFF, → UTF-8.
[[nodiscard]] std::string encode_utf8(std::u32string_view points);

[[nodiscard]] bool is_utf8(std::string_view text);

/// The text itself when it is UTF-8, else its bytes read as Latin-1, as the PNG specification has tEXt.
[[nodiscard]] std::string utf8_or_latin1(std::string_view text);

/// At most `bytes` bytes of UTF-8 text, cut between characters.
[[nodiscard]] std::string utf8_prefix(std::string_view text, std::size_t bytes);

/// The text, or its first `characters` characters, with an ellipsis: for messages that quote it.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t characters = 40);

}  // namespace latentdial::detail
