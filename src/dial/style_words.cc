#include "dial/style_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "latentdial/dial.h"
#include "latentdial/error.h"
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

std::span<const std::string_view> ways_to_say_it() {
  static constexpr std::array<std::string_view, 2> kWays = {kStyleAfterPrompt, "{style} {prompt}"};
  return kWays;
}

Around around_prompt(std::string_view words, const std::string& style) {
  constexpr std::string_view kPrompt = "{prompt}", kStyle = "{style}";
  if (std::ranges::find(ways_to_say_it(), words) == ways_to_say_it().end())
    throw invalid_input("words", fmt::format("\"{}\" is unknown; use \"{}\"", words,
                                             fmt::join(ways_to_say_it(), "\" or \"")));
  const auto filled = [&](std::string_view part) {
    std::string text(part);
    if (const auto at = text.find(kStyle); at != std::string::npos) text.replace(at, kStyle.size(), style);
    return text;
  };
  const auto at = words.find(kPrompt);
  return {filled(words.substr(0, at)), filled(words.substr(at + kPrompt.size()))};
}

std::string joined(const std::string& prompt, const Around& around) {
  if (!prompt.empty()) return around.before + prompt + around.after;
  const std::string alone = around.before + around.after;
  return std::string(trimmed(alone.starts_with(", ") ? std::string_view(alone).substr(2) : alone));
}

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
