#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "latentdial/text.h"

namespace latentdial::detail {

/// What may stand between words: space, tab and line breaks.
inline constexpr std::string_view kSpaces = " \t\r\n";

/// Without the spaces at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// ASCII letters in lower case, whatever the locale; every other byte as it is.
[[nodiscard]] std::string lower(std::string_view text);

/// The parts between separators, empty ones too; at least one.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// Text out of an untrusted file as it may stand in a one-line message: in single quotes, control and
/// non-ASCII bytes as '?', cut after 120 characters.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace latentdial::detail
