#include "dial/style_words.h"

#include <cctype>

#include "text/words.h"

namespace latentdial::detail {
namespace {

bool part_of_word(const std::string& text, std::size_t at) {
  if (at >= text.size()) return false;
  const auto c = static_cast<unsigned char>(text[at]);
  return c >= 0x80 || std::isalnum(c) != 0;
}

bool is_space(char c) {
  return kSpaces.find(c) != std::string_view::npos;
}

}  // namespace

std::optional<std::string> without_style(const std::string& prompt, const std::string& style) {
  const std::string text = lower(prompt), words = lower(style);
  if (words.empty()) return std::nullopt;
  for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) {
    auto end = at + words.size();
    if ((at > 0 && part_of_word(text, at - 1)) || part_of_word(text, end)) continue;
    auto begin = at;
    while (begin > 0 && is_space(prompt[begin - 1])) --begin;
    const bool comma = begin > 0 && prompt[begin - 1] == ',';
    if (comma) --begin;
    if (!comma && begin == 0) {
      while (end < prompt.size() && (is_space(prompt[end]) || prompt[end] == ',')) ++end;
    }
    const std::string rest = prompt.substr(0, begin) + prompt.substr(end);
    if (!is_blank(rest)) return rest;
  }
  return std::nullopt;
}

}  // namespace latentdial::detail
