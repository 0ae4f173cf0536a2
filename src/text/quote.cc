#include "text/quote.h"

#include <algorithm>

namespace latentdial::detail {

std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 120;
  std::string shown(text.substr(0, kLongest));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return "'" + shown + (text.size() > kLongest ? "…'" : "'");
}

}  // namespace latentdial::detail
