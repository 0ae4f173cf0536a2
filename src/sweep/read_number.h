#pragma once

#include <charconv>
#include <string_view>

namespace latentdial {

/// Whether the text is one number and nothing else, and that number.
template <class T>
[[nodiscard]] bool read_number(std::string_view text, T& value) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size();
}

}  // namespace latentdial
