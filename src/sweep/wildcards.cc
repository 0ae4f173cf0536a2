#include "sweep/wildcards.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "files/is_below.h"
#include "files/read_file.h"
#include "latentdial/error.h"
#include "text/require.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "__";

using Alternatives = std::vector<std::string>;

/// A place in a prompt, and what may stand there.
struct Place {
  std::size_t begin = 0, end = 0;
  Alternatives alternatives;
};

/// The text between places in it.
Alternatives parts_of(std::string_view prompt, const std::vector<std::size_t>& bounds) {
  Alternatives parts;
  for (std::size_t i = 0; i + 1 < bounds.size(); ++i)
    parts.emplace_back(trimmed(prompt.substr(bounds[i] + 1, bounds[i + 1] - bounds[i] - 1)));
  return parts;
}

/// The first "{…|…}" that is within no other.
std::optional<Place> find_braces(std::string_view prompt) {
  std::vector<std::vector<std::size_t>> open;  // Each brace that is open, and the bars behind it.
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    if (prompt[i] == '{') open.push_back({i});
    if (prompt[i] == '|' && !open.empty()) open.back().push_back(i);
    if (prompt[i] != '}' || open.empty()) continue;
    auto bounds = std::move(open.back());
    open.pop_back();
    bounds.push_back(i);
    if (bounds.size() > 2 && (found.empty() || bounds.front() < found.front())) found = std::move(bounds);
    if (open.empty() && !found.empty()) break;
  }
  if (found.empty()) return std::nullopt;
  return Place{found.front(), found.back() + 1, parts_of(prompt, found)};
}

bool is_of_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

Alternatives lines_of(std::string_view name, const fs::path& folder) {
  constexpr std::uintmax_t kLargest = 4u << 20;
  const fs::path path = folder / "wildcards" / fmt::format("{}.txt", name);
  std::error_code fault;
  const bool is_here = is_below(path, folder);
  const std::string text = is_here ? read_file(path, kLargest, fault) : "";
  require(is_here && !fault, "plan", "__{}__ needs the file {}, a line for each alternative: {}", name,
          path.string(), is_here ? fault.message() : "it lies outside of the plan's folder");
  Alternatives lines;
  for (const auto line : split(text, '\n')) {
    const auto words = trimmed(line.substr(0, line.find('#')));
    if (!words.empty()) lines.emplace_back(words);
  }
  require(!lines.empty(), "plan", "{} has no lines for __{}__", path.string(), name);
  return lines;
}

/// The first "__NAME__": where it begins and its name; "" where there is none.
std::pair<std::size_t, std::string_view> find_name(std::string_view prompt) {
  for (auto begin = prompt.find(kMark); begin != std::string_view::npos;
       begin = prompt.find(kMark, begin + 1)) {
    const auto from = begin + kMark.size(), to = prompt.find(kMark, from + 1);
    if (to == std::string_view::npos) break;
    const auto name = prompt.substr(from, to - from);
    if (std::ranges::all_of(name, is_of_a_name)) return {begin, name};
  }
  return {0, ""};
}

/// Counts what is made, so that a few lines do not fill the memory.
class Expansion {
 public:
  explicit Expansion(const fs::path& folder) : folder_(folder) {}

  void expand(const std::string& prompt, int depth) {
    constexpr int kDeepest = 64;
    constexpr std::size_t kMost = 100'000, kMostBytes = 64u << 20;
    require(depth < kDeepest, "plan",
            "a prompt has more than {} places with alternatives, or they lead back to themselves", kDeepest);
    constexpr std::size_t kLongest = 64u << 10;
    require(prompt.size() <= kLongest, "plan", "a prompt's alternatives make one of more than {} bytes",
            kLongest);
    const auto [begin, name] = find_name(prompt);
    if (const auto braces = find_braces(prompt)) {
      put(prompt, braces->begin, braces->end, braces->alternatives, depth);
    } else if (!name.empty()) {
      put(prompt, begin, begin + name.size() + 2 * kMark.size(), lines(name), depth);
    } else {
      bytes_ += prompt.size();
      require(prompts.size() < kMost && bytes_ < kMostBytes, "plan",
              "a prompt's alternatives make more than {} prompts, or 64 MiB of them", kMost);
      prompts.push_back(prompt);
    }
  }

  Alternatives prompts;

 private:
  void put(const std::string& prompt, std::size_t begin, std::size_t end, const Alternatives& alternatives,
           int depth) {
    for (const std::string& alternative : alternatives)
      expand(prompt.substr(0, begin) + alternative + prompt.substr(end), depth + 1);
  }

  /// A file's, which is read once.
  const Alternatives& lines(std::string_view name) {
    const auto found = files_.find(name);
    return found != files_.end() ? found->second
                                 : files_.emplace(name, lines_of(name, folder_)).first->second;
  }

  const fs::path& folder_;
  std::map<std::string, Alternatives, std::less<>> files_;
  std::size_t bytes_ = 0;
};

}  // namespace

std::vector<std::string> alternatives_of(const std::string& prompt, const fs::path& folder) {
  Expansion expansion(folder);
  expansion.expand(prompt, 0);
  return std::move(expansion.prompts);
}

}  // namespace latentdial::detail
