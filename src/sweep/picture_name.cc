#include "sweep/picture_name.h"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "latentdial/json.h"
#include "latentdial/parameters.h"
#include "latentdial/sweep.h"
#include "tensor/hash.h"
#include "text/json_of.h"

namespace latentdial {

using namespace detail;

namespace detail {
using nlohmann::json;

Chosen chosen(const Settings& settings) {
  static const json defaults = parse_json<json>(to_json(Settings()));
  Chosen texts;
  visit_settings(settings, [&](const Option& option, const auto& field) {
    const json value = json_of(field);
    if (defaults.at(option.name) != value) texts[option.name] = json_line(value);
  });
  return texts;
}

std::string id_of(std::span<const Chosen> list) {
  std::uint64_t hash = kHashStart;  // Over their JSON objects.
  for (const Chosen& texts : list) {
    std::string object;
    for (const auto& [name, text] : texts)
      object += fmt::format("{}\"{}\":{}", object.empty() ? "" : ",", name, text);
    hash = hash_text(hash, "{" + object + "}");
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
