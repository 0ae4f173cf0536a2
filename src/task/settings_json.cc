#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/json.h"
#include "latentdial/parameters.h"
#include "text/json_of.h"

namespace latentdial {
namespace {

using detail::json_of;
using nlohmann::json;

/// Whether the JSON value is of the setting's kind and, for a whole number, within its type's range.
template <class T>
bool fits(const json& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value.is_string();
  } else if constexpr (std::is_same_v<T, bool>) {
    return value.is_boolean();
  } else if constexpr (std::is_floating_point_v<T>) {
    return value.is_number();
  } else if (value.is_number_unsigned()) {
    return std::in_range<T>(value.get<std::uint64_t>());
  } else {
    return value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
  }
}

json read_text(const std::string& text) {
  try {
    return parse_json<json>(text);
  } catch (const Error& error) {
    throw invalid_input(fmt::format("the text of the settings {}", error.message()));
  }
}

template <class T>
std::string wanted(const Option& option) {
  if (std::is_same_v<T, std::string>) return "a text is needed";
  if (std::is_same_v<T, bool>) return "true or false is needed";
  return fmt::format("a {}number is needed, {} to {}", std::is_integral_v<T> ? "whole " : "",
                     limit<T>(option.min), limit<T>(option.max));
}

}  // namespace

std::string to_json(const Settings& settings) {
  json object = json::object();
  visit_settings(settings,
                 [&](const Option& option, const auto& value) { object[option.name] = json_of(value); });
  return json_line(object);
}

Settings settings_from_json(const std::string& text) {
  const json object = read_text(text);
  if (!object.is_object())
    throw invalid_input("the settings are not a JSON object, as in {\"prompt\": \"a dog\"}");
  Settings s;
  std::vector<std::string_view> known;
  visit_settings(s, [&](const Option& option, auto& value) {
    using T = setting_value_t<decltype(value)>;
    known.emplace_back(option.name);
    const auto found = object.find(option.name);
    const bool may_be_null = !std::is_same_v<T&, decltype(value)>;
    if (found == object.end() || (may_be_null && found->is_null())) return;
    if (!fits<T>(*found)) {
      throw invalid_input(option.name, fmt::format("{} is given, but {}", found->dump(), wanted<T>(option)));
    }
    value = found->template get<T>();
  });
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const std::string nearest = nearest_setting(key);
      throw invalid_input(fmt::format("the setting \"{}\" is unknown; {}", key,
                                      nearest.empty() ? fmt::format("use {}", fmt::join(known, ", "))
                                                      : fmt::format("did you mean \"{}\"?", nearest)));
    }
  }
  return s;
}

}  // namespace latentdial
