#include "utf8.h"

#include <cstddef>
#include <cstdint>

namespace latentdial::cli {
namespace {

/// Length of the well-formed sequence at `i` (Unicode 15, table 3-7), 0 when it is broken.
std::size_t sequence_length(const std::string& s, std::size_t i) {
  const auto byte = [&](std::size_t k) {
    return k < s.size() ? static_cast<std::uint8_t>(s[k]) : std::uint8_t{0};
  };
  const auto tail = [&](std::size_t k) { return (byte(k) & 0xc0) == 0x80; };
  const std::uint8_t a = byte(i), b = byte(i + 1);
  if (a < 0x80) return 1;
  if (a >= 0xc2 && a <= 0xdf) return tail(i + 1) ? 2 : 0;
  if (a >= 0xe0 && a <= 0xef) {
    const bool second = tail(i + 1) && !(a == 0xe0 && b < 0xa0) && !(a == 0xed && b > 0x9f);
    return second && tail(i + 2) ? 3 : 0;
  }
  if (a >= 0xf0 && a <= 0xf4) {
    const bool second = tail(i + 1) && !(a == 0xf0 && b < 0x90) && !(a == 0xf4 && b > 0x8f);
    return second && tail(i + 2) && tail(i + 3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string to_valid_utf8(const std::string& text, bool& replaced) {
  std::string valid;
  for (std::size_t i = 0; i < text.size();) {
    const auto length = sequence_length(text, i);
    valid += length > 0 ? text.substr(i, length) : "\xef\xbf\xbd";
    replaced = replaced || length == 0;
    i += length > 0 ? length : 1;
  }
  return valid;
}

}  // namespace latentdial::cli
