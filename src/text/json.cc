#include "latentdial/json.h"

#include <fmt/format.h>

#include <algorithm>

#include "latentdial/error.h"
#include "text/words.h"

namespace latentdial {
namespace {

// Of eight times the text, the text is one part, and the parser's copy of a long string two while it grows.
constexpr std::size_t kPartsLeft = 4;
// Bytes in memory with what malloc adds; a list that grows is there twice, once in the new size of the two.
constexpr std::size_t kValue = 48, kString = 48, kContainer = 64, kName = 144;

}  // namespace

JsonBounds::JsonBounds(std::size_t text_bytes, const JsonLimits& limits)
    : left_(std::min(kPartsLeft * text_bytes + limits.spare, limits.most)), most_names_(limits.names) {}

void JsonBounds::spend(std::size_t bytes) {
  if (bytes > left_) throw invalid_input("holds more values than a text of its length may");
  left_ -= bytes;
}

void JsonBounds::enter() {
  if (++depth_ > kDeepestJson)
    throw invalid_input(fmt::format("is nested deeper than {} levels", kDeepestJson));
  spend(kContainer);
}

void JsonBounds::add_value() {
  spend(kValue);
}

void JsonBounds::add_string(std::size_t bytes) {
  spend(kString + bytes);
}

void JsonBounds::add_name(std::size_t names, std::size_t bytes) {
  if (names >= most_names_)
    throw invalid_input(fmt::format("has an object of more than {} names", most_names_));
  spend(kName + 2 * bytes);
}

void JsonBounds::refuse_name(std::string_view given_twice) {
  throw invalid_input(fmt::format("gives {} twice", detail::printable(given_twice)));
}

void JsonBounds::refuse_text(std::string_view text, std::size_t byte, bool number_out_of_range) {
  if (number_out_of_range) throw invalid_input("is not valid JSON (a number is out of range)");
  const auto line = 1 + std::ranges::count(text.substr(0, byte), '\n');
  throw invalid_input(
      fmt::format("is not valid JSON (at byte {}{})", byte,
                  text.find('\n') == std::string_view::npos ? "" : fmt::format(" on line {}", line)));
}

}  // namespace latentdial
