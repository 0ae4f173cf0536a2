#include "image/utf8.h"

#include <algorithm>

namespace latentdial {
namespace {

unsigned at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

/// Bytes of the character at the start; 0 when it is no UTF-8.
std::size_t character_size(std::string_view text) {
  const unsigned lead = at(text, 0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(text, i) & 0xc0) != 0x80) return 0;
  }
  const unsigned second = at(text, 1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool no_character = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
  return overlong || no_character ? 0 : size;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string utf8_or_latin1(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned value = at(text, i);
    if (value >= 0x80) out += static_cast<char>(0xc0 | (value >> 6));
    out += static_cast<char>(value < 0x80 ? value : 0x80 | (value & 0x3f));
  }
  return out;
}

std::string utf8_prefix(std::string_view text, std::size_t bytes) {
  std::size_t size = std::min(bytes, text.size());
  while (size > 0 && size < text.size() && (at(text, size) & 0xc0) == 0x80) --size;
  return std::string(text.substr(0, size));
}

}  // namespace latentdial
