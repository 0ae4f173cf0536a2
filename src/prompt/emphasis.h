#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace latentdial::detail {

/// A stretch of a prompt and how much its words count.
struct EmphasisedText {
  std::string text;
  double weight = 1;
  bool starts_window = false;  ///< BREAK stands before it: it begins a window of the text encoder.
  friend bool operator==(const EmphasisedText&, const EmphasisedText&) = default;
};

/// Reads the emphasis of A1111's web UI: (words) count 1.1 times, (words:1.3) 1.3 times, [words] 1/1.1 times;
/// brackets multiply each other, one that is not closed reaches to the end, one that is not opened is text. A
/// backslash makes the bracket, colon, bar or backslash after it text. BREAK, as a word in capitals, begins a
/// new window. Without syntax it is one stretch of weight 1. Throws invalid_input for weights outside ±100
/// and for brackets more than 64 deep.
[[nodiscard]] std::vector<EmphasisedText> parse_emphasis(std::string_view prompt);

}  // namespace latentdial::detail
