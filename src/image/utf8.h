#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace latentdial {

/// Whether the bytes are UTF-8 without overlong forms and surrogates (RFC
/// 3629).
[[nodiscard]] bool is_utf8(std::string_view text);

/// The text itself when it is UTF-8, else its bytes read as Latin-1, as the PNG
/// specification has tEXt.
[[nodiscard]] std::string utf8_or_latin1(std::string_view text);

/// At most `bytes` bytes of UTF-8 text, cut between characters.
[[nodiscard]] std::string utf8_prefix(std::string_view text, std::size_t bytes);

}  // namespace latentdial
