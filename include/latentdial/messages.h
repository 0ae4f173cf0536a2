#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "latentdial/export.h"

/// What messages are made of.
namespace latentdial {

/// Puts `to` in every place of `from`, which may be in `to`; an empty `from` is in none.
LATENTDIAL_API void replace_all(std::string& text, std::string_view from, std::string_view to);

/// The names in one line: "a, b and 7 more", each as a single_line.
[[nodiscard]] LATENTDIAL_API std::string some_names(const std::vector<std::string>& names);

}  // namespace latentdial
