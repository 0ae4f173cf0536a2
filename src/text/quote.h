#pragma once

#include <string>
#include <string_view>

namespace latentdial::detail {

/// Text out of an untrusted file as it may stand in a one-line message: in single quotes, control and
/// non-ASCII bytes as '?', cut after 120 characters.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace latentdial::detail
