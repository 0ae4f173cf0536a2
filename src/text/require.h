#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "latentdial/error.h"

namespace latentdial::detail {

/// Throws invalid_input of `field` ("": of none), with a message as fmt::format makes it, unless `holds`.
template <class... Args>
void require(bool holds, std::string_view field, fmt::format_string<Args...> message, Args&&... args) {
  if (!holds) throw invalid_input(field, fmt::format(message, std::forward<Args>(args)...));
}

}  // namespace latentdial::detail
