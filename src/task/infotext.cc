#include "task/infotext.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "latentdial/json.h"
#include "task/other_programs.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

using nlohmann::json;
using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Behind the closing quote of the string that `text` begins with; npos where it has none.
std::size_t end_of_string(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return std::string_view::npos;
}

/// Behind the bracket that closes the one that `text` begins with; npos where none does.
std::size_t end_of_brackets(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' || text[i] == '[') ++depth;
    if ((text[i] == '}' || text[i] == ']') && --depth == 0) return i + 1;
    if (text[i] != '"') continue;
    const auto string = end_of_string(text.substr(i));
    if (string == std::string_view::npos) return string;
    i += string - 1;
  }
  return std::string_view::npos;
}

/// Takes the items of a line from its front. Where a bracket or a quote is not closed, the rest of the line
/// is plain, so that the work does not grow with the square.
class Items {
 public:
  explicit Items(std::string_view line) : line_(line) {}

  [[nodiscard]] bool empty() const { return line_.empty(); }

  /// The key that the line goes on with; "" where it goes on with no pair.
  std::string_view take_key() {
    constexpr std::size_t kLongest = 64;
    const auto end = line_.find_first_of(":,\"{}[]");
    if (end == std::string_view::npos || line_[end] != ':' || end > kLongest) return "";
    const auto key = trimmed(line_.substr(0, end));
    if (!key.empty()) line_.remove_prefix(end + 1);
    return key;
  }

  /// What stands before the next comma outside of a JSON value, and takes that comma too.
  std::string take_value() {
    line_.remove_prefix(std::min(line_.find_first_not_of(kSpaces), line_.size()));
    const char first = line_.empty() ? '\0' : line_.front();
    const auto json_end = plain_ ? 0 : end_of_json(first);
    plain_ = plain_ || json_end == std::string_view::npos;
    const auto end = std::min(line_.find(',', plain_ ? 0 : json_end), line_.size());
    const auto value = trimmed(line_.substr(0, end));
    line_.remove_prefix(std::min(end + 1, line_.size()));
    const auto string = first == '"' ? try_parse_json<json>(value) : std::nullopt;
    return string && string->is_string() ? string->get<std::string>() : std::string(value);
  }

 private:
  [[nodiscard]] std::size_t end_of_json(char first) const {
    if (first == '"') return end_of_string(line_);
    return first == '{' || first == '[' ? end_of_brackets(line_) : 0;
  }

  std::string_view line_;
  bool plain_ = false;
};

/// The pairs of a line; none where it does not begin with one. What is no pair in between is left out.
Pairs read_pairs(std::string_view line) {
  constexpr std::size_t kMostPairs = 1000;
  Pairs pairs;
  for (Items items(line); !items.empty() && pairs.size() < kMostPairs;) {
    const std::string_view key = items.take_key();
    if (key.empty() && pairs.empty()) return {};
    std::string value = items.take_value();
    if (!key.empty()) pairs.emplace_back(key, std::move(value));
  }
  return pairs;
}

/// Another program's JSON object, and the pairs that were written behind it.
std::optional<Infotext> read_object(std::string_view text) {
  const auto end = text.starts_with('{') ? end_of_brackets(text) : std::string_view::npos;
  if (end == std::string_view::npos) return std::nullopt;
  auto read = read_other_program(text.substr(0, end));
  const auto comma = text.find(',', end);
  if (!read || comma == std::string_view::npos) return read;
  for (auto& pair : read_pairs(text.substr(comma + 1))) read->pairs.push_back(std::move(pair));
  return read;
}

}  // namespace

const std::string* Infotext::find(std::string_view key) const {
  const auto found =
      std::find_if(pairs.rbegin(), pairs.rend(), [&](const auto& pair) { return pair.first == key; });
  return found == pairs.rend() ? nullptr : &found->second;
}

Infotext read_infotext(std::string_view text) {
  if (auto read = read_object(text)) return *std::move(read);
  for (std::size_t end = text.size();;) {
    const auto line_break = end == 0 ? std::string_view::npos : text.rfind('\n', end - 1);
    const auto begin = line_break == std::string_view::npos ? 0 : line_break + 1;
    Infotext read{"", read_pairs(trimmed(text.substr(begin, end - begin)))};
    if (read.find("Steps") != nullptr) {
      read.prompts = text.substr(0, begin == 0 ? 0 : begin - 1);
      if (text.substr(0, begin).ends_with("\r\n")) {  // As Windows breaks lines.
        for (auto at = read.prompts.find("\r\n"); at != std::string::npos; at = read.prompts.find("\r\n", at))
          read.prompts.erase(at, 1);
        if (read.prompts.ends_with('\r')) read.prompts.pop_back();
      }
      return read;
    }
    if (begin == 0) return {std::string(text), {}};
    end = begin - 1;
  }
}

}  // namespace latentdial::detail
