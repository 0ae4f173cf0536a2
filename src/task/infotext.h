#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace latentdial::detail {

/// A picture's `parameters` text taken apart.
struct Infotext {
  std::string prompts;  ///< What stands before the line of settings; all of it where there is none.
  std::vector<std::pair<std::string, std::string>> pairs;  ///< Keys and values of that line, in its order.

  /// The value of a key, of several the last; null where there is none.
  [[nodiscard]] const std::string* find(std::string_view key) const;
};

/// Takes each "Key: value" by itself, as our program, A1111, its extensions and Civitai write them: values
/// are plain up to the next comma, JSON strings, or JSON objects and lists, which stay as they stand. The
/// line of settings is the last that begins with a pair and has "Steps"; what follows it is left out. A text
/// of JSON is read as other programs write it (other_programs.h).
[[nodiscard]] Infotext read_infotext(std::string_view text);

}  // namespace latentdial::detail
