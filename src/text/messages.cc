#include "latentdial/messages.h"

#include <algorithm>

#include "latentdial/error.h"

namespace latentdial {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::string some_names(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 20;
  std::string line;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i)
    line += (i > 0 ? ", " : "") + single_line(names[i]);
  return names.size() > kMost ? line + " and " + std::to_string(names.size() - kMost) + " more" : line;
}

}  // namespace latentdial
