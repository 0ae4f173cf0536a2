#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>

#include "latentdial/error.h"
#include "latentdial/parameters.h"
#include "latentdial/sweep.h"

namespace latentdial {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kMostJobs = 1'000'000;
constexpr std::uintmax_t kLargestPlan = 64u << 20;
constexpr double kMostWhole = 9007199254740992;  // 2^53: every whole number up to here is exact.

/// Whether the setting of that name is a number, so that "A:B:N" means a range.
bool is_number(const std::string& name) {
  bool number = false;
  Settings s;
  visit_settings(s, [&](const Option& option, auto& value) {
    using T = std::remove_reference_t<decltype(value)>;
    if (option.name == name) number = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;
  });
  return number;
}

bool is_whole(const std::string& name) {
  bool whole = false;
  Settings s;
  visit_settings(s, [&](const Option& option, auto& value) {
    if (option.name == name) whole = std::is_integral_v<std::remove_reference_t<decltype(value)>>;
  });
  return whole;
}

/// The values of one grid key: a list as it stands, a range as its numbers.
ordered_json grid_values(const std::string& key, const ordered_json& value) {
  if (value.is_array() && !value.empty()) return value;
  if (!value.is_string() || !is_number(key)) {
    throw invalid_input(fmt::format(
        "plan: grid \"{}\" needs a list of values, or for a number a range as in \"0:1:11\"", key));
  }
  auto values = ordered_json::array();
  for (const double number : parse_range(value.get<std::string>())) {
    if (!is_whole(key)) {
      values.push_back(number);
    } else if (number == std::trunc(number) && std::abs(number) < kMostWhole) {
      const auto whole = static_cast<std::int64_t>(number);
      values.push_back(whole < 0 ? ordered_json(whole) : ordered_json(static_cast<std::uint64_t>(whole)));
    } else {
      throw invalid_input(
          fmt::format("plan: grid \"{}\" holds {}, but whole numbers are needed", key, number));
    }
  }
  return values;
}

/// Appends every combination of the grid's values; later keys vary fastest.
void expand(const ordered_json& section, std::vector<Job>& jobs) {
  for (const auto& [key, value] : section.items()) {
    if (key != "settings" && key != "grid") {
      throw invalid_input(
          fmt::format("plan: \"{}\" is unknown; a section holds \"settings\" and \"grid\"", key));
    }
    if (!value.is_object()) throw invalid_input(fmt::format("plan: \"{}\" must be an object", key));
  }
  std::vector<ordered_json> combinations = {section.value("settings", ordered_json::object())};
  const ordered_json grid = section.value("grid", ordered_json::object());
  for (const auto& [key, value] : grid.items()) {
    const auto values = grid_values(key, value);
    if (combinations.size() * values.size() + jobs.size() > kMostJobs) {
      throw invalid_input(fmt::format("plan: more than {} pictures; split it", kMostJobs));
    }
    std::vector<ordered_json> next;
    for (const auto& combination : combinations) {
      for (const auto& entry : values) (next.emplace_back(combination))[key] = entry;
    }
    combinations = std::move(next);
  }
  for (const auto& combination : combinations) {
    const Settings settings = settings_from_json(combination.dump());
    jobs.push_back({settings, fmt::format("{:05}-{}.png", jobs.size(), settings_id({settings}))});
  }
}

/// The settings that differ from the defaults, as JSON: a picture keeps its name in versions that know more.
std::string chosen(const Settings& settings) {
  static const json defaults = json::parse(to_json(Settings()));
  json object = json::object();
  visit_settings(settings, [&](const Option& option, const auto& value) {
    if (defaults.at(option.name) != value) object[option.name] = value;
  });
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string settings_id(const std::vector<Settings>& list) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a.
  for (const Settings& settings : list) {
    for (const unsigned char c : chosen(settings)) hash = (hash ^ c) * 1099511628211u;
  }
  return fmt::format("{:08x}", static_cast<std::uint32_t>(hash ^ (hash >> 32)));
}

std::vector<Job> read_plan(const std::filesystem::path& path) {
  std::error_code fault;
  const auto size = std::filesystem::file_size(path, fault);
  if (fault) throw invalid_input(fmt::format("plan: {} cannot be read: {}", path.string(), fault.message()));
  if (size > kLargestPlan) throw invalid_input(fmt::format("plan: {} is larger than 64 MiB", path.string()));
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ordered_json plan;
  try {
    plan = ordered_json::parse(text);
  } catch (const json::exception& error) {
    throw invalid_input(fmt::format("plan: {} is not JSON ({})", path.string(), error.what()));
  }
  std::vector<Job> jobs;
  if (plan.is_object()) plan = ordered_json::array({plan});
  if (!plan.is_array() || plan.empty()) {
    throw invalid_input(fmt::format(
        "plan: {} needs an object {{\"settings\": …, \"grid\": …}} or a list of them", path.string()));
  }
  for (const auto& section : plan) {
    if (!section.is_object())
      throw invalid_input("plan: each section must be an object {\"settings\": …, \"grid\": …}");
    expand(section, jobs);
  }
  return jobs;
}

}  // namespace latentdial
