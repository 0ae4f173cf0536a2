#include <fmt/format.h>

#include "latentdial/text.h"
#include "text/utf8.h"

namespace latentdial {

using namespace detail;
namespace {

/// C0, DEL and C1, what separates lines and paragraphs, and what turns the direction of text.
bool steers_terminal(char32_t point) {
  return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x61c || point == 0x200e ||
         point == 0x200f || (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

}  // namespace

std::string escape_controls(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const Utf8Start start = utf8_start(text);
    if (start.whole && !steers_terminal(start.point)) {
      shown += text.substr(0, start.size);
    } else if (start.whole && start.point >= 0x7f) {
      shown += fmt::format("\\u{:04x}", static_cast<unsigned>(start.point));
    } else {
      for (const char byte : text.substr(0, start.size))
        shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
    text.remove_prefix(start.size);
  }
  return shown;
}

}  // namespace latentdial
