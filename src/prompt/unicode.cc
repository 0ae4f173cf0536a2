#include "prompt/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

namespace latentdial::detail {
namespace {

// transformers 5 reads Unicode 16 for letters and numbers, 17 for lower case and only 9 for normalisation,
// while utf8proc 2.8 is at 15.0 throughout. These tables are the difference.

struct Range {
  char32_t first;
  char32_t last;
};

// Letters of Unicode 15.1 and 16: Cyrillic and Latin additions, Todhri, Garay, Arabic additions,
// Tulu-Tigalari, Sunuwar, Egyptian hieroglyphs, Gurung Khema, Kirat Rai, Khitan, Ol Onal, CJK extension I.
constexpr std::array<Range, 22> kLetters{
    {{0x1C89, 0x1C8A},   {0xA7CB, 0xA7CD},   {0xA7DA, 0xA7DC},   {0x105C0, 0x105F3}, {0x10D4A, 0x10D65},
     {0x10D6F, 0x10D85}, {0x10EC2, 0x10EC4}, {0x11380, 0x11389}, {0x1138B, 0x1138B}, {0x1138E, 0x1138E},
     {0x11390, 0x113B5}, {0x113B7, 0x113B7}, {0x113D1, 0x113D1}, {0x113D3, 0x113D3}, {0x11BC0, 0x11BE0},
     {0x13460, 0x143FA}, {0x16100, 0x1611D}, {0x16D40, 0x16D6C}, {0x18CFF, 0x18CFF}, {0x1E5D0, 0x1E5ED},
     {0x1E5F0, 0x1E5F0}, {0x2EBF0, 0x2EE5D}}};

// Numbers of the same: digits of Garay, Myanmar, Sunuwar, Gurung Khema, Kirat Rai, Ol Onal, and the outlined
// digits.
constexpr std::array<Range, 7> kNumbers{{{0x10D40, 0x10D49},
                                         {0x116D0, 0x116E3},
                                         {0x11BF0, 0x11BF9},
                                         {0x16130, 0x16139},
                                         {0x16D70, 0x16D79},
                                         {0x1CCF0, 0x1CCF9},
                                         {0x1E5F1, 0x1E5FA}}};

// Marks that Unicode 10 or later brought, of all scripts: to transformers characters like any other, which
// neither change places with their neighbours nor join them. U+11930 and U+11938 are the one vowel sign that
// composes since Unicode 13.
constexpr std::array<Range, 45> kUnorderedMarks{
    {{0x7FD, 0x7FD},     {0x897, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},     {0xC3C, 0xC3C},
     {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0xECE, 0xECE},     {0x1715, 0x1715},   {0x1ABF, 0x1AEB},
     {0x1DF6, 0x1DFA},   {0xA82C, 0xA82C},   {0x10D24, 0x10D27}, {0x10D69, 0x10D6D}, {0x10EAB, 0x10EAC},
     {0x10EFA, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B},
     {0x113CE, 0x113D0}, {0x1145E, 0x1145E}, {0x11839, 0x1183A}, {0x11930, 0x11930}, {0x11938, 0x11938},
     {0x1193D, 0x1193E}, {0x11943, 0x11943}, {0x119E0, 0x119E0}, {0x11A34, 0x11A34}, {0x11A47, 0x11A47},
     {0x11A99, 0x11A99}, {0x11D42, 0x11D42}, {0x11D44, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42},
     {0x1612F, 0x1612F}, {0x16FF0, 0x16FF1}, {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE},
     {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF}, {0x1E5EE, 0x1E5EF}, {0x1E6E3, 0x1E6E6}, {0x1E6EE, 0x1E6F5}}};

// The lower case that Unicode 15.1 to 17 gave, but for Garay and Beria Erfe.
struct Pair {
  char32_t upper;
  char32_t lower;
};

constexpr std::array<Pair, 8> kLowerCase{{{0x1C89, 0x1C8A},
                                          {0xA7CB, 0x0264},
                                          {0xA7CC, 0xA7CD},
                                          {0xA7CE, 0xA7CF},
                                          {0xA7D2, 0xA7D3},
                                          {0xA7D4, 0xA7D5},
                                          {0xA7DA, 0xA7DB},
                                          {0xA7DC, 0x019B}}};

// `ranges` ascend.
template <class Ranges>
bool contains(const Ranges& ranges, char32_t c) {
  const auto past = std::ranges::upper_bound(ranges, c, {}, &Range::first);
  return past != ranges.begin() && c <= std::prev(past)->last;
}

// `c` itself when it has none.
char32_t newer_lower_case(char32_t c) {
  if (c >= 0x10D50 && c <= 0x10D65) return c + 0x20;  // Garay
  if (c >= 0x16EA0 && c <= 0x16EB8) return c + 0x1B;  // Beria Erfe
  const auto* pair = std::ranges::find(kLowerCase, c, &Pair::upper);
  return pair == kLowerCase.end() ? c : pair->lower;
}

bool is_unordered_mark(char32_t c) {
  return contains(kUnorderedMarks, c);
}

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
  return (kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO) || contains(kLetters, c);
}

bool is_number(char32_t c) {
  const auto kind = category(c);
  return (kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO) || contains(kNumbers, c);
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
      if (normal.empty() || normal.back() != U' ') normal.push_back(U' ');
    } else if (c == U'\u0130') {
      normal += U"i\u0307";  // İ, the one letter whose lower case is two.
    } else {
      normal.push_back(newer_lower_case(static_cast<char32_t>(utf8proc_tolower(point))));
    }
  }
  return normal;
}

}  // namespace latentdial::detail
