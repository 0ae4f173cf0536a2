#pragma once

#include <string>

namespace latentdial::cli {

/// The text with each byte sequence that is not UTF-8 replaced by U+FFFD; `replaced` tells whether there was
/// one.
[[nodiscard]] std::string to_valid_utf8(const std::string& text, bool& replaced);

}  // namespace latentdial::cli
