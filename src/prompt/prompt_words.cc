#include "prompt/prompt_words.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

bool is_word_character(std::string_view text, std::size_t at) {
  if (at >= text.size()) return false;
  const auto c = static_cast<unsigned char>(text[at]);
  return c >= 0x80 || c == '_' || std::isalnum(c) != 0;
}

}  // namespace

bool is_escape(std::string_view prompt, std::size_t at) {
  return at + 1 < prompt.size() && prompt[at] == '\\' &&
         std::string_view("()[]:|\\").find(prompt[at + 1]) != std::string_view::npos;
}

void check_depth(std::size_t open) {
  constexpr std::size_t kDeepest = 64;
  if (open > kDeepest)
    throw invalid_input(
        "prompt",
        fmt::format("brackets stand more than {} deep; write \\( and \\[ for those that are text", kDeepest));
}

std::optional<double> read_decimal(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.find_first_not_of("0123456789.-") != std::string_view::npos) return std::nullopt;
  double number = 0;
  return read_number(text, number) && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::vector<std::string_view> split_at_word(std::string_view text, std::string_view word) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at > 0 && is_word_character(text, at - 1)) || is_word_character(text, end)) continue;
    const auto before = text.substr(begin, at - begin);
    parts.push_back(before.substr(0, before.find_last_not_of(kSpaces) + 1));
    const auto next = text.find_first_not_of(kSpaces, end);
    begin = next == std::string_view::npos ? text.size() : next;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

}  // namespace latentdial::detail
