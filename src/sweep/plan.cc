#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "files/is_below.h"
#include "files/read_file.h"
#include "latentdial/error.h"
#include "latentdial/json.h"
#include "latentdial/parameters.h"
#include "latentdial/sweep.h"
#include "latentdial/text.h"
#include "sweep/picture_name.h"
#include "sweep/wildcards.h"
#include "text/require.h"
#include "text/words.h"

namespace latentdial {

using namespace detail;
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kMostValues = 100000;
constexpr std::size_t kMostJobs = 1'000'000;
constexpr std::uintmax_t kLargestPlan = 4u << 20;
// Small sections take ten to twenty times their text: this leaves room for fifteen thousand.
constexpr JsonLimits kPlanLimits = {.spare = 7 * kLargestPlan};
constexpr double kMostWhole = 9007199254740992;  // 2^53: every whole number up to here is exact.

/// What the setting of that name is; "A:B:N" means a range where it is a number.
struct Kind {
  bool number = false, whole = false;
};

Kind kind_of(const std::string& name) {
  Kind kind;
  Settings s;
  visit_settings(s, [&](const Option& option, auto& value) {
    using T = setting_value_t<decltype(value)>;
    if (option.name == name)
      kind = {std::is_arithmetic_v<T> && !std::is_same_v<T, bool>, std::is_integral_v<T>};
  });
  return kind;
}

/// The values of one grid key: a list as it stands, a range as its numbers.
ordered_json grid_values(const std::string& key, const ordered_json& value) {
  if (value.is_array() && !value.empty()) return value;
  const Kind kind = kind_of(key);
  require(value.is_string() && kind.number, "plan",
          "grid \"{}\" needs a list of values, or for a number a range as in \"0:1:11\"", key);
  auto values = ordered_json::array();
  for (const double number : parse_range(value.get<std::string>())) {
    const bool is_whole = number == std::trunc(number) && std::abs(number) < kMostWhole;
    require(is_whole || !kind.whole, "plan", "grid \"{}\" holds {}, but whole numbers are needed", key,
            number);
    const auto whole = kind.whole ? static_cast<std::int64_t>(number) : 0;
    values.push_back(!kind.whole ? ordered_json(number)
                     : whole < 0 ? ordered_json(whole)
                                 : ordered_json(static_cast<std::uint64_t>(whole)));
  }
  return values;
}

/// The same, each prompt in all its forms.
ordered_json with_alternatives(const std::string& key, const ordered_json& values,
                               const std::filesystem::path& folder) {
  if (key != "prompt" && key != "negative_prompt") return values;
  auto all = ordered_json::array();
  for (const ordered_json& value : values) {
    if (!value.is_string()) return values;  // Which is refused later.
    for (std::string& prompt : alternatives_of(value.get<std::string>(), folder))
      all.push_back(std::move(prompt));
  }
  return all;
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

const ordered_json& part_of(const ordered_json& section, const char* key) {
  static const ordered_json kNone = ordered_json::object();
  const auto found = section.find(key);
  return found == section.end() ? kNone : *found;
}

/// Throws where settings name a file that the plan may not.
struct CheckFiles {
  std::optional<std::filesystem::path> folder;  ///< Of all files; nothing: they may lie anywhere.

  void operator()(const Settings& settings) const {
    if (!folder) return;
    for (const InputFile& input : input_files()) check(input.name, file_named(settings, input));
    check("style", lora_file_named(settings));
  }

 private:
  void check(const char* setting, const std::string& path) const {
    if (path.empty() || is_below(path, *folder)) return;
    throw invalid_input("allow_paths",
                        fmt::format("the plan's {} is {}, outside of the plan's folder; say by "
                                    "this that the plan is trusted",
                                    setting, path));
  }
};

/// The pictures of one section, value by value: each is read once, however many pictures it is part of.
class Section {
 public:
  /// `folder` holds the plan, and wildcards/.
  Section(const ordered_json& section, const CheckFiles& check_files, const std::filesystem::path& folder,
          std::vector<Job>& jobs)
      : settings_(settings_from_json(part_of(section, "settings").dump())),
        chosen_(chosen(settings_)),
        jobs_(jobs) {
    check_files(settings_);
    const ordered_json& grid = part_of(section, "grid");
    const ordered_json& settings = part_of(section, "settings");
    for (const auto& [key, value] : settings.items()) {
      const auto values = with_alternatives(key, ordered_json::array({value}), folder);
      if (values.front() != value && !grid.contains(key)) add_axis(key, values, check_files);
    }
    for (const auto& [key, value] : grid.items()) {
      if (!is_setting(key)) (void)settings_from_json(ordered_json{{key, value}}.dump());  // Which says so.
      add_axis(key, with_alternatives(key, grid_values(key, value), folder), check_files);
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
  void add_axis(const std::string& key, const ordered_json& values, const CheckFiles& check_files) {
    pictures_ *= values.size();
    require(pictures_ + jobs_.size() <= kMostJobs, "plan", "more than {} pictures; split it", kMostJobs);
    Axis& axis = axes_.emplace_back(Axis{key, {}});
    for (const auto& entry : values) {
      const Settings one = settings_from_json(ordered_json{{key, entry}}.dump());
      check_files(one);
      axis.values.push_back({entry, chosen(one)});
    }
  }

  void take(const std::string& key, const Axis::Value& from) {
    visit_settings(settings_, [&](const Option& option, auto& field) {
      if (option.name != key) return;
      field = {};
      if (!from.value.is_null()) field = from.value.get<setting_value_t<decltype(field)>>();
    });
    chosen_.erase(key);
    chosen_.insert(from.text.begin(), from.text.end());
  }

  Settings settings_;
  Chosen chosen_;
  std::vector<Axis> axes_;
  std::size_t pictures_ = 1;
  std::vector<Job>& jobs_;
};

void check_keys(const ordered_json& section) {
  require(section.is_object(), "plan", "each section must be an object {{\"settings\": …, \"grid\": …}}");
  for (const auto& [key, value] : section.items()) {
    require(key == "settings" || key == "grid", "plan",
            "\"{}\" is unknown; a section holds \"settings\" and \"grid\"", key);
    require(value.is_object(), "plan", "\"{}\" must be an object", key);
  }
}

ordered_json read_text(const std::filesystem::path& path) {
  std::error_code fault;
  const std::string text = read_file(path, kLargestPlan, fault);
  if (fault == std::errc::file_too_large)
    throw invalid_input("plan", fmt::format("{} is larger than 4 MiB", path.string()));
  if (fault)
    throw invalid_input("plan", fmt::format("{} cannot be read: {}", path.string(), fault.message()));
  try {
    return parse_json<ordered_json>(text, kPlanLimits);
  } catch (const Error& error) {
    throw invalid_input("plan",
                        fmt::format("{} {}; a plan is as in {{\"settings\": {{\"prompt\": \"a dog\"}}}}",
                                    path.string(), error.message()));
  }
}

}  // namespace

std::vector<double> parse_range(const std::string& text) {
  const auto parts = split(text, ':');
  double from = 0, to = 0;
  int count = 1;
  const bool read =
      read_number(parts[0], from) &&
      (parts.size() == 1 || (parts.size() == 3 && read_number(parts[1], to) && read_number(parts[2], count)));
  require(read && std::isfinite(from) && std::isfinite(to) && count >= 1 && count <= kMostValues, "range",
          "\"{}\" is neither a number nor A:B:N, as in 0:1:11 for eleven values from 0 to 1", text);
  if (parts.size() == 1) return {from};
  std::vector<double> values;
  for (int i = 0; i < count; ++i) {
    const double value = count == 1 ? from : from + (to - from) * i / (count - 1);
    values.push_back(std::round(value * 1e9) / 1e9);  // 0.3, not 0.30000000000000004.
  }
  return values;
}

std::vector<Job> read_plan(const std::filesystem::path& path, bool allow_paths) {
  ordered_json plan = read_text(path);
  std::vector<Job> jobs;
  if (plan.is_object()) plan = ordered_json::array({std::move(plan)});
  if (!plan.is_array() || plan.empty()) {
    throw invalid_input(
        "plan",
        fmt::format("{} needs an object {{\"settings\": …, \"grid\": …}} or a list of them", path.string()));
  }
  const auto folder = std::filesystem::absolute(path).parent_path();
  CheckFiles check_files;
  if (!allow_paths) check_files.folder = folder;
  for (const auto& section : plan) {
    check_keys(section);
    Section(section, check_files, folder, jobs).expand();
  }
  return jobs;
}

}  // namespace latentdial
