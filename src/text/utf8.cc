#include "text/utf8.h"

#include <algorithm>
#include <iterator>

#include "latentdial/text.h"

namespace latentdial {

using namespace detail;
namespace {

constexpr char32_t kReplacement = U'\uFFFD';
constexpr std::string_view kReplacementBytes = "\xef\xbf\xbd";

unsigned at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool continues(unsigned byte) {
  return (byte & 0xC0) == 0x80;
}

/// How a character goes on behind its first byte (Unicode 15, table 3-7): the bytes that follow, and the
/// range of the first of them, which leaves out overlong forms, surrogates and what is past U+10FFFF.
struct Lead {
  unsigned first, last;
  std::size_t continuations;
  unsigned low, high;
};
constexpr Lead kLeadBytes[] = {{0xC2, 0xDF, 1, 0x80, 0xBF}, {0xE0, 0xE0, 2, 0xA0, 0xBF},
                               {0xE1, 0xEC, 2, 0x80, 0xBF}, {0xED, 0xED, 2, 0x80, 0x9F},
                               {0xEE, 0xEF, 2, 0x80, 0xBF}, {0xF0, 0xF0, 3, 0x90, 0xBF},
                               {0xF1, 0xF3, 3, 0x80, 0xBF}, {0xF4, 0xF4, 3, 0x80, 0x8F}};

}  // namespace

Utf8Start detail::utf8_start(std::string_view text) {
  const unsigned byte = at(text, 0);
  if (byte < 0x80) return {byte, 1, true};
  const auto lead = std::ranges::find_if(
      kLeadBytes, [&](const Lead& one) { return byte >= one.first && byte <= one.last; });
  if (lead == std::end(kLeadBytes)) return {kReplacement, 1, false};
  char32_t point = byte & (0x3Fu >> lead->continuations);
  for (std::size_t size = 1; size <= lead->continuations; ++size) {
    const unsigned next = size < text.size() ? at(text, size) : 0;
    if (!continues(next) || (size == 1 && (next < lead->low || next > lead->high)))
      return {kReplacement, size, false};
    point = point << 6 | (next & 0x3F);
  }
  return {point, lead->continuations + 1, true};
}

std::u32string detail::decode_utf8(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  while (!text.empty()) {
    const Utf8Start start = utf8_start(text);
    points.push_back(start.point);
    text.remove_prefix(start.size);
  }
  return points;
}

std::string detail::encode_utf8(std::u32string_view points) {
  std::string bytes;
  bytes.reserve(points.size());
  for (const char32_t point : points) {
    const int continuations = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    constexpr unsigned kLeads[] = {0, 0xC0, 0xE0, 0xF0};
    bytes += static_cast<char>(kLeads[continuations] | point >> 6 * continuations);
    for (int left = continuations; left-- > 0;) bytes += static_cast<char>(0x80 | (point >> 6 * left & 0x3F));
  }
  return bytes;
}

bool detail::is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Start start = utf8_start(text);
    if (!start.whole) return false;
    text.remove_prefix(start.size);
  }
  return true;
}

std::string detail::utf8_or_latin1(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::u32string points;
  for (const char c : text) points.push_back(static_cast<unsigned char>(c));
  return encode_utf8(points);
}

std::string detail::utf8_prefix(std::string_view text, std::size_t bytes) {
  std::size_t size = std::min(bytes, text.size());
  while (size > 0 && size < text.size() && continues(at(text, size))) --size;
  return std::string(text.substr(0, size));
}

std::string detail::shortened(std::string_view text, std::size_t characters) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < characters && bytes < text.size(); ++i)
    bytes += utf8_start(text.substr(bytes)).size;
  return std::string(text.substr(0, bytes)) + (bytes < text.size() ? "…" : "");
}

std::string valid_utf8(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const Utf8Start start = utf8_start(text);
    if (start.whole) valid += text.substr(0, start.size);
    for (std::size_t i = 0; i < start.size && !start.whole; ++i) valid += kReplacementBytes;
    text.remove_prefix(start.size);
  }
  return valid;
}

}  // namespace latentdial
