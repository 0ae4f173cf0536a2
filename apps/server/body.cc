#include "body.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base64.h"
#include "latentdial/error.h"
#include "latentdial/json.h"
#include "latentdial/text.h"

namespace latentdial::server {
namespace {

// All texts and values but the long ones.
constexpr JsonLimits kLimits{.most = 80 << 20};
constexpr std::string_view kMarkBegins = "<text ", kMarkEnds = ">";

bool is_blank_character(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// The closing quote of the text that begins after `begin`, or `end`.
char* end_of_text(char* begin, char* end) {
  for (; begin < end && *begin != '"'; ++begin)
    if (*begin == '\\') ++begin;
  return std::min(begin, end);
}

/// Base64 with JSON's escapes of slashes and ends of lines, in place; returns the new end, or null for
/// others.
char* without_escapes(char* begin, char* end) {
  char* out = begin;
  for (; begin < end; ++begin) {
    if (*begin != '\\') {
      *out++ = *begin;
      continue;
    }
    ++begin;
    if (begin == end || (*begin != '/' && *begin != 'n' && *begin != 'r')) return nullptr;
    if (*begin == '/') *out++ = '/';
  }
  return out;
}

}  // namespace

/// Decodes a long text; returns the mark that stands for it.
std::string Body::take_long_text(char* begin, char* end) {
  std::string mark = fmt::format("\"{}{}{}\"", kMarkBegins, long_texts_.size(), kMarkEnds);
  std::optional<std::string> bytes;
  try {
    if (char* const last = without_escapes(begin, end))
      bytes = decode_base64("", {begin, static_cast<std::size_t>(last - begin)});
  } catch (const Error&) {  // Told of where it is used.
  }
  long_texts_.push_back(std::move(bytes));
  return mark;
}

/// In place: what is left moves to the front. Of several blanks one is left, since JSON's reader holds them.
void Body::take_long_texts(std::string& text) {
  char *in = text.data(), *out = in, *const end = in + text.size();
  while (in < end) {
    if (*in == '"') {
      char* const quote = end_of_text(in + 1, end);
      const bool is_long = static_cast<std::size_t>(quote - in) > kLongestText;
      if (is_long && quote == end)
        throw invalid_input(fmt::format("the body is not valid JSON (at byte {})", text.size() + 1));
      if (is_long) {
        out = std::ranges::copy(take_long_text(in + 1, quote), out).out;
        in = quote + 1;
      } else {
        const auto size = static_cast<std::size_t>(std::min(quote + 1, end) - in);
        std::memmove(out, in, size);
        out += size;
        in += size;
      }
    } else if (is_blank_character(*in)) {
      while (in < end && is_blank_character(*in)) ++in;
      *out++ = ' ';
    } else {
      *out++ = *in++;
    }
  }
  text.resize(static_cast<std::size_t>(out - text.data()));
  text.shrink_to_fit();
}

Body Body::parse(std::string text) {
  Body body;
  if (text.size() > kLongestText) body.take_long_texts(text);
  try {
    body.json = parse_json<Json>(text, kLimits);
  } catch (const Error& error) {
    throw invalid_input(fmt::format("the body {}", error.message()));
  }
  if (body.json.is_object()) return body;
  throw invalid_input("the body is not a JSON object, as in {\"prompt\": \"a dog\"}");
}

std::optional<std::size_t> Body::long_text(const Json& value) const {
  if (!value.is_string()) return std::nullopt;
  std::string_view text = value.get_ref<const std::string&>();
  if (!text.starts_with(kMarkBegins) || !text.ends_with(kMarkEnds)) return std::nullopt;
  text = text.substr(kMarkBegins.size(), text.size() - kMarkBegins.size() - kMarkEnds.size());
  std::size_t index = 0;
  if (!read_number(text, index) || index >= long_texts_.size()) return std::nullopt;
  return index;
}

std::string Body::take_bytes(const std::string& key, const Json& value) {
  if (!value.is_string()) throw invalid_input(key, "a picture in base64 is needed");
  const auto index = long_text(value);
  if (!index) return decode_base64(key, value.get_ref<const std::string&>());
  if (!long_texts_[*index]) throw invalid_input(key, "no base64; a PNG, JPEG or WebP in base64 is needed");
  return std::move(*long_texts_[*index]);
}

}  // namespace latentdial::server
