#include "router.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace latentdial::server {
namespace {

using Named = std::map<std::string, std::string>;

bool is_number(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_number(c) || (c >= 'a' && c <= 'f');
}

/// Whether a name of this kind may stand for the text.
bool stands_for(std::string_view kind, std::string_view text) {
  if (text.empty()) return false;
  return kind == "rest" || std::ranges::all_of(text, kind == "hex" ? is_hex : is_number);
}

/// Whether a path's part "1.png" is of the pattern "{index:number}.png".
bool part_matches(std::string_view pattern, std::string_view part, Named& named) {
  const auto open = pattern.find('{'), close = pattern.find('}'), colon = pattern.find(':');
  if (open == pattern.npos) return pattern == part;
  const auto before = pattern.substr(0, open), after = pattern.substr(close + 1);
  if (part.size() < before.size() + after.size() || !part.starts_with(before) || !part.ends_with(after))
    return false;
  const auto text = part.substr(before.size(), part.size() - before.size() - after.size());
  if (!stands_for(pattern.substr(colon + 1, close - colon - 1), text)) return false;
  named[std::string(pattern.substr(open + 1, colon - open - 1))] = text;
  return true;
}

bool matches(std::string_view pattern, std::string_view path, Named& named) {
  while (true) {
    if (pattern.ends_with(":rest}") && pattern.find('/') == pattern.npos)
      return part_matches(pattern, path, named);
    const auto pattern_end = pattern.find('/'), path_end = path.find('/');
    if (!part_matches(pattern.substr(0, pattern_end), path.substr(0, path_end), named)) return false;
    if (pattern_end == pattern.npos || path_end == path.npos) return pattern_end == path_end;
    pattern.remove_prefix(pattern_end + 1);
    path.remove_prefix(path_end + 1);
  }
}

}  // namespace

void Router::add(std::string method, std::string pattern, Handler handler, bool quick) {
  routes_.push_back({std::move(method), std::move(pattern), std::move(handler), quick});
}

const Router::Route* Router::find(HttpRequest& request) const {
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  for (const Route& route : routes_) {
    Named named;
    if (route.method != method || !matches(route.pattern, request.path, named)) continue;
    request.named = std::move(named);
    return &route;
  }
  return nullptr;
}

std::string Router::allowed_methods(std::string_view path) const {
  std::vector<std::string> allowed;
  Named named;
  for (const char* method : {"GET", "POST"}) {
    if (std::ranges::any_of(routes_, [&](const Route& route) {
          return route.method == method && matches(route.pattern, path, named);
        }))
      allowed.emplace_back(std::string_view(method) == "GET" ? "GET, HEAD" : method);
  }
  return fmt::format("{}", fmt::join(allowed, ", "));
}

}  // namespace latentdial::server
