#include "sweep/picture_name.h"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "latentdial/parameters.h"
#include "latentdial/sweep.h"

namespace latentdial {

using namespace detail;

namespace detail {
using nlohmann::json;

Chosen chosen(const Settings& settings) {
  static const json defaults = json::parse(to_json(Settings()));
  Chosen texts;
  visit_settings(settings, [&](const Option& option, const auto& value) {
    if (defaults.at(option.name) != value)
      texts[option.name] = json(value).dump(-1, ' ', false, json::error_handler_t::replace);
  });
  return texts;
}

std::string id_of(std::span<const Chosen> list) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a over their JSON objects.
  const auto add = [&](std::string_view text) {
    for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211u;
  };
  for (const Chosen& texts : list) {
    const char* before = "{";
    for (const auto& [name, text] : texts) {
      add(before), add("\""), add(name), add("\":"), add(text);
      before = ",";
    }
    add(texts.empty() ? "{}" : "}");
  }
  return fmt::format("{:08x}", static_cast<std::uint32_t>(hash ^ (hash >> 32)));
}

}  // namespace detail

std::string settings_id(const std::vector<Settings>& list) {
  std::vector<Chosen> texts;
  for (const Settings& settings : list) texts.push_back(chosen(settings));
  return id_of(texts);
}

}  // namespace latentdial
