#include "text/utf8.h"

#include <algorithm>
#include <cstdint>

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

/// How a lead byte goes on: the bytes that follow, the range of the first of them, and its own part of the
/// character.
struct Lead {
  std::size_t continuations;
  unsigned low, high;
  char32_t payload;
};

Lead read_lead(unsigned byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {1, 0x80, 0xBF, byte & 0x1F};
  if (byte >= 0xE0 && byte <= 0xEF) {
    const unsigned low = byte == 0xE0 ? 0xA0 : 0x80;   // no overlong forms
    const unsigned high = byte == 0xED ? 0x9F : 0xBF;  // no surrogates
    return {2, low, high, byte & 0x0F};
  }
  if (byte >= 0xF0 && byte <= 0xF4) {
    const unsigned low = byte == 0xF0 ? 0x90 : 0x80;
    const unsigned high = byte == 0xF4 ? 0x8F : 0xBF;  // nothing past U+10FFFF
    return {3, low, high, byte & 0x07};
  }
  return {0, 0, 0, kReplacement};
}

}  // namespace

namespace detail {

Utf8Start utf8_start(std::string_view text) {
  if (at(text, 0) < 0x80) return {at(text, 0), 1, true};
  const Lead lead = read_lead(at(text, 0));
  char32_t point = lead.payload;
  std::size_t size = 1;
  for (; size <= lead.continuations; ++size) {
    const unsigned next = size < text.size() ? at(text, size) : 0;
    if (!continues(next) || (size == 1 && (next < lead.low || next > lead.high))) break;
    point = point << 6 | (next & 0x3F);
  }
  const bool whole = lead.continuations > 0 && size > lead.continuations;
  return {whole ? point : kReplacement, size, whole};
}

std::u32string decode_utf8(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  while (!text.empty()) {
    const Utf8Start start = utf8_start(text);
    points.push_back(start.point);
    text.remove_prefix(start.size);
  }
  return points;
}

std::string encode_utf8(std::u32string_view points) {
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

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Start start = utf8_start(text);
    if (!start.whole) return false;
    text.remove_prefix(start.size);
  }
  return true;
}

std::string utf8_or_latin1(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::u32string points;
  for (const char c : text) points.push_back(static_cast<unsigned char>(c));
  return encode_utf8(points);
}

std::string utf8_prefix(std::string_view text, std::size_t bytes) {
  std::size_t size = std::min(bytes, text.size());
  while (size > 0 && size < text.size() && continues(at(text, size))) --size;
  return std::string(text.substr(0, size));
}

}  // namespace detail

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
