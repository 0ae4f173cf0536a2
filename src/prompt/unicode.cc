#include "prompt/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

#include "prompt/newer_unicode.h"

namespace latentdial::detail {
namespace {

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

using Points = std::vector<utf8proc_int32_t>;

constexpr auto kCanonical = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_STABLE);
constexpr auto kCompose = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);

int combining_class(utf8proc_int32_t c) {
  return is_unordered_mark(static_cast<char32_t>(c)) ? 0 : utf8proc_get_property(c)->combining_class;
}

// Canonical decomposition with marks in canonical order. utf8proc's own ordering is quadratic in a run of
// marks.
Points decompose(std::u32string_view text) {
  Points points;
  points.reserve(text.size() + 8);
  for (const char32_t c : text) {
    std::array<utf8proc_int32_t, 8> parts{static_cast<utf8proc_int32_t>(c)};
    int boundary = 0;
    const auto count = is_unordered_mark(c)
                           ? 1
                           : utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(),
                                                     parts.size(), kCanonical, &boundary);
    points.insert(points.end(), parts.begin(), parts.begin() + count);
  }
  const auto is_starter = [](utf8proc_int32_t c) { return combining_class(c) == 0; };
  for (auto run = points.begin(); run != points.end();) {
    const auto begin = std::find_if_not(run, points.end(), is_starter);
    run = std::find_if(begin, points.end(), is_starter);
    std::stable_sort(begin, run, [](auto a, auto b) { return combining_class(a) < combining_class(b); });
  }
  return points;
}

// Canonical composition, for which a mark that does not take part begins the text anew.
Points compose(Points points) {
  Points composed;
  composed.reserve(points.size());
  const auto starts_anew = [](utf8proc_int32_t c) { return is_unordered_mark(static_cast<char32_t>(c)); };
  for (auto begin = points.begin(); begin != points.end();) {
    const auto end = std::find_if(begin + 1, points.end(), starts_anew);
    const auto count = utf8proc_normalize_utf32(&*begin, end - begin, kCompose);
    composed.insert(composed.end(), begin, begin + count);
    begin = end;
  }
  return composed;
}

}  // namespace

bool is_letter(char32_t c) {
  const auto kind = category(c);
  return (kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO) || is_newer_letter(c);
}

bool is_number(char32_t c) {
  const auto kind = category(c);
  return (kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO) || is_newer_number(c);
}

bool is_space(char32_t c) {
  const auto kind = category(c);
  return (c >= 0x09 && c <= 0x0D) || c == 0x85 || kind == UTF8PROC_CATEGORY_ZS ||
         kind == UTF8PROC_CATEGORY_ZL || kind == UTF8PROC_CATEGORY_ZP;
}

bool is_word(char32_t c) {
  const auto kind = category(c);
  return is_letter(c) || (kind >= UTF8PROC_CATEGORY_MN && kind <= UTF8PROC_CATEGORY_NL) ||
         kind == UTF8PROC_CATEGORY_PC;
}

std::u32string normalize(std::u32string_view text) {
  const Points points = compose(decompose(text));
  std::u32string normal;
  normal.reserve(points.size());
  for (const utf8proc_int32_t point : points) {
    const auto c = static_cast<char32_t>(point);
    if (is_space(c)) {
      if (normal.empty() || normal.back() != U' ') {
        normal.push_back(U' ');
      }
    } else if (c == U'\u0130') {
      normal += U"i\u0307";  // İ, the one letter whose lower case is two.
    } else {
      normal.push_back(newer_lower_case(static_cast<char32_t>(utf8proc_tolower(point))));
    }
  }
  return normal;
}

}  // namespace latentdial::detail
