#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "files/read_file.h"
#include "latentdial/error.h"
#include "latentdial/parameters.h"
#include "latentdial/sweep.h"
#include "sweep/picture_name.h"

namespace latentdial {

using namespace detail;
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
    throw invalid_input(
        "plan",
        fmt::format("grid \"{}\" needs a list of values, or for a number a range as in \"0:1:11\"", key));
  }
  auto values = ordered_json::array();
  for (const double number : parse_range(value.get<std::string>())) {
    if (!is_whole(key)) {
      values.push_back(number);
    } else if (number == std::trunc(number) && std::abs(number) < kMostWhole) {
      const auto whole = static_cast<std::int64_t>(number);
      values.push_back(whole < 0 ? ordered_json(whole) : ordered_json(static_cast<std::uint64_t>(whole)));
    } else {
      throw invalid_input("plan",
                          fmt::format("grid \"{}\" holds {}, but whole numbers are needed", key, number));
    }
  }
  return values;
}

/// One key of a grid, and its values: checked, and with their part in a picture's name.
struct Axis {
  struct Value {
    ordered_json value;
    Chosen text;
  };
  std::string key;
  std::vector<Value> values;
};

/// The pictures of one section, value by value: each is read once, however many pictures it is part of.
class Section {
 public:
  Section(const ordered_json& section, std::vector<Job>& jobs)
      : settings_(settings_from_json(section.value("settings", ordered_json::object()).dump())),
        chosen_(chosen(settings_)),
        jobs_(jobs) {
    const ordered_json grid = section.value("grid", ordered_json::object());
    std::size_t pictures = 1;
    for (const auto& [key, value] : grid.items()) {
      const auto values = grid_values(key, value);
      pictures *= values.size();
      if (pictures + jobs.size() > kMostJobs)
        throw invalid_input("plan", fmt::format("more than {} pictures; split it", kMostJobs));
      Axis& axis = axes_.emplace_back(Axis{key, {}});
      for (const auto& entry : values)
        axis.values.push_back({entry, chosen(settings_from_json(ordered_json{{key, entry}}.dump()))});
    }
  }

  /// Appends every combination of the axes' values from `axis` on; later ones vary fastest.
  void expand(std::size_t axis = 0) {
    if (axis == axes_.size()) {
      jobs_.push_back({settings_, fmt::format("{:05}-{}.png", jobs_.size(), id_of(std::span(&chosen_, 1)))});
      return;
    }
    for (const Axis::Value& value : axes_[axis].values) {
      take(axes_[axis].key, value);
      expand(axis + 1);
    }
  }

 private:
  void take(const std::string& key, const Axis::Value& from) {
    visit_settings(settings_, [&](const Option& option, auto& field) {
      if (option.name == key) field = from.value.get<std::remove_reference_t<decltype(field)>>();
    });
    chosen_.erase(key);
    chosen_.insert(from.text.begin(), from.text.end());
  }

  Settings settings_;
  Chosen chosen_;
  std::vector<Axis> axes_;
  std::vector<Job>& jobs_;
};

void check_keys(const ordered_json& section) {
  if (!section.is_object())
    throw invalid_input("plan", "each section must be an object {\"settings\": …, \"grid\": …}");
  for (const auto& [key, value] : section.items()) {
    if (key != "settings" && key != "grid") {
      throw invalid_input("plan",
                          fmt::format("\"{}\" is unknown; a section holds \"settings\" and \"grid\"", key));
    }
    if (!value.is_object()) throw invalid_input("plan", fmt::format("\"{}\" must be an object", key));
  }
}

}  // namespace

std::vector<Job> read_plan(const std::filesystem::path& path) {
  std::error_code fault;
  const std::string text = read_file(path, kLargestPlan, fault);
  if (fault == std::errc::file_too_large)
    throw invalid_input("plan", fmt::format("{} is larger than 64 MiB", path.string()));
  if (fault)
    throw invalid_input("plan", fmt::format("{} cannot be read: {}", path.string(), fault.message()));
  ordered_json plan;
  try {
    plan = ordered_json::parse(text);
  } catch (const json::exception& error) {
    throw invalid_input("plan", fmt::format("{} is not JSON ({})", path.string(), error.what()));
  }
  std::vector<Job> jobs;
  if (plan.is_object()) plan = ordered_json::array({plan});
  if (!plan.is_array() || plan.empty()) {
    throw invalid_input(
        "plan",
        fmt::format("{} needs an object {{\"settings\": …, \"grid\": …}} or a list of them", path.string()));
  }
  for (const auto& section : plan) {
    check_keys(section);
    Section(section, jobs).expand();
  }
  return jobs;
}

}  // namespace latentdial
