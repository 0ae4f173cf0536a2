#include "prompt/split_words.h"

#include <algorithm>
#include <array>
#include <span>

#include "prompt/unicode.h"

namespace latentdial::detail {
namespace {

template <class Predicate>
std::size_t run_length(std::u32string_view text, Predicate belongs) {
  std::size_t length = 0;
  while (length < text.size() && belongs(text[length])) ++length;
  return length;
}

bool is_other(char32_t c) {
  return !is_space(c) && !is_letter(c) && !is_number(c);
}

constexpr std::array<std::u32string_view, 2> kSpecials = {U"<|startoftext|>", U"<|endoftext|>"};
constexpr std::array<std::u32string_view, 7> kContractions = {U"'s", U"'t",  U"'re", U"'ve",
                                                              U"'m", U"'ll", U"'d"};

// The length of the one that the text starts with, or 0.
std::size_t length_of_any(std::span<const std::u32string_view> beginnings, std::u32string_view text) {
  const auto found = std::ranges::find_if(beginnings, [&](auto one) { return text.starts_with(one); });
  return found == beginnings.end() ? 0 : found->size();
}

std::size_t word_length(std::u32string_view text) {
  if (const std::size_t length = length_of_any(kContractions, text)) return length;
  if (is_number(text.front())) return 1;
  return is_letter(text.front()) ? run_length(text, is_letter) : run_length(text, is_other);
}

}  // namespace

std::vector<std::u32string_view> split_words(std::u32string_view text) {
  std::vector<std::u32string_view> words;
  for (text.remove_prefix(run_length(text, is_space)); !text.empty();
       text.remove_prefix(run_length(text, is_space))) {
    if (const std::size_t length = length_of_any(kSpecials, text)) {
      const std::u32string_view special = text.substr(0, length);
      words.insert(words.end(),
                   {special.substr(0, 2), special.substr(2, length - 4), special.substr(length - 2)});
      text.remove_prefix(length);
      continue;
    }
    const std::size_t length = word_length(text);
    words.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return words;
}

}  // namespace latentdial::detail
