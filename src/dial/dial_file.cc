#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <system_error>

#include "dial/colour_map.h"
#include "files/read_file.h"
#include "latentdial/dial.h"
#include "latentdial/error.h"
#include "latentdial/files.h"
#include "latentdial/json.h"
#include "latentdial/text.h"
#include "tensor/hash.h"

namespace latentdial {

using namespace detail;
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr int kFormat = 7;
constexpr int kMostPasses = 16;
constexpr std::uintmax_t kLargestFile = 1u << 20;
constexpr std::size_t kMostPoints = 1000;
constexpr std::size_t kLongestName = 80;  // With a hash and the ending 100 bytes at most.

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw invalid_input("dial", fmt::format("{}: {}; make it again with latentdial calibrate", name, what));
}

json parse(const std::string& text, const std::string& name) {
  try {
    auto object = parse_json<json>(text);
    if (object.is_object()) return object;
  } catch (const Error& error) {
    refuse(name, error.message());
  }
  refuse(name, "is not a JSON object");
}

/// Reads one object's values, each checked for its kind.
class Reader {
 public:
  Reader(const std::string& name, const json& object) : name_(name), object_(object) {}

  [[nodiscard]] std::string text(const char* key) const {
    if (!object_.contains(key) || !object_[key].is_string())
      refuse(name_, fmt::format("\"{}\" is not a text", key));
    return object_[key].get<std::string>();
  }

  [[nodiscard]] double number(const char* key, double min, double max) const {
    const auto found = object_.find(key);
    const double value = found != object_.end() && found->is_number() ? found->get<double>() : NAN;
    if (!(value >= min && value <= max))
      refuse(name_, fmt::format("\"{}\" is not a number from {} to {}", key, min, max));
    return value;
  }

  [[nodiscard]] int whole(const char* key, int min, int max) const {
    const double value = number(key, min, max);
    if (value != std::floor(value))
      refuse(name_, fmt::format("\"{}\" is {}, not a whole number", key, value));
    return static_cast<int>(value);
  }

  /// One side: its points run from [0, 0] away from zero.
  [[nodiscard]] DialSide side(const char* key, double sign) const {
    const auto found = object_.find(key);
    if (found == object_.end() || !found->is_object())
      refuse(name_, fmt::format("\"{}\" is not an object", key));
    const Reader read(name_, *found);
    const EditRecipe recipe = {.start = read.number("start", 0, 1),
                               .passes = read.whole("passes", 1, kMostPasses),
                               .guidance = read.number("guidance", 0, 4),
                               .colours = read.colours("colours")};
    DialSide side{recipe, read.points("points", sign), 0, read.text("reason")};
    const double last = side.points.empty() ? 0 : side.points.back().position;
    side.end = read.number("end", std::min(0.0, last), std::max(0.0, last));
    return side;
  }

 private:
  /// A map of colours, where there is one: eighteen numbers parted by commas.
  [[nodiscard]] std::vector<double> colours(const char* key) const {
    if (!object_.contains(key)) return {};
    const std::string given = text(key);
    const json list = try_parse_json<json>("[" + given + "]").value_or(nullptr);
    const auto is_in_range = [](const json& number) {
      return number.is_number() && std::abs(number.get<double>()) <= kLargestColourNumber;
    };
    if (!list.is_array() || list.size() != kColourNumbers || !std::ranges::all_of(list, is_in_range))
      refuse(name_, fmt::format("\"{}\" is not {} numbers from -{} to {} parted by commas", key,
                                kColourNumbers, kLargestColourNumber, kLargestColourNumber));
    return list.get<std::vector<double>>();
  }

  [[nodiscard]] std::vector<DialPoint> points(const char* key, double sign) const {
    std::vector<DialPoint> points;
    const auto found = object_.find(key);
    if (found == object_.end() || !found->is_array() || found->size() > kMostPoints)
      refuse(name_, fmt::format("\"{}\" is not a list of points", key));
    for (const auto& point : *found) {
      const bool pair = point.is_array() && point.size() == 2 && point[0].is_number() && point[1].is_number();
      if (!pair) refuse(name_, fmt::format("\"{}\" holds {}, not a [position, strength]", key, point.dump()));
      points.push_back({point[0].get<double>(), point[1].get<double>()});
      const DialPoint last = points.back(),
                      before = points.size() > 1 ? points[points.size() - 2] : DialPoint{};
      const bool rises = points.size() == 1 ? last.position == 0 && last.strength == 0
                                            : sign * (last.position - before.position) > 0 &&
                                                  sign * (last.strength - before.strength) >= 0;
      if (!rises || std::abs(last.position) > 4 || std::abs(last.strength) > 100)
        refuse(name_, fmt::format("\"{}\" does not run from [0, 0] outwards at {}", key, point.dump()));
    }
    return points;
  }

  const std::string& name_;
  const json& object_;
};

ordered_json to_json(const DialSide& side) {
  auto points = ordered_json::array();
  for (const auto& point : side.points) points.push_back({point.position, point.strength});
  const EditRecipe& recipe = side.recipe;
  ordered_json object = {{"start", recipe.start}, {"passes", recipe.passes}, {"guidance", recipe.guidance}};
  if (!recipe.colours.empty()) object["colours"] = fmt::format("{}", fmt::join(recipe.colours, ","));
  object["points"] = points;
  object["end"] = side.end;
  object["reason"] = side.reason;
  return object;
}

}  // namespace

Dial::Between Dial::around(double position) const {
  const auto& points = side_of(position).points;
  for (std::size_t i = 1; i < points.size(); ++i) {
    const DialPoint &a = points[i - 1], &b = points[i];
    if (std::abs(position) > std::abs(b.position)) continue;
    return {a, b, (position - a.position) / (b.position - a.position)};
  }
  const DialPoint end = points.empty() ? DialPoint{} : points.back();
  return {end, end, 0};
}

Dial standard_dial(const std::string& style) {
  const std::string reason = "the dial is not calibrated for this style, so it ends where the words do";
  Dial dial;
  dial.style = style;
  dial.strengthen = {kGentleEdit, {{0, 0}, {1, 1}}, 1, reason};
  dial.weaken = {kGentleEdit, {{0, 0}, {-1, -1}}, -1, reason};
  return dial;
}

std::string to_json(const Dial& dial) {
  const ordered_json object = {{"latentdial_dial", kFormat},
                               {"style", dial.style},
                               {"model", dial.model},
                               {"fingerprint", dial.fingerprint},
                               {"guidance_scale", dial.guidance_scale},
                               {"strengthen", to_json(dial.strengthen)},
                               {"weaken", to_json(dial.weaken)}};
  return object.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Dial dial_from_json(const std::string& text, const std::string& name) {
  const json object = parse(text, name);
  const Reader read(name, object);
  if (read.number("latentdial_dial", 0, 1e6) != kFormat)
    refuse(name,
           fmt::format("is of format {}, this program reads {}", object["latentdial_dial"].dump(), kFormat));
  Dial dial;
  dial.style = read.text("style");
  dial.model = read.text("model");
  dial.fingerprint = read.text("fingerprint");
  dial.guidance_scale = read.number("guidance_scale", 0, 100);
  dial.strengthen = read.side("strengthen", 1);
  dial.weaken = read.side("weaken", -1);
  if (dial.high() == 0) refuse(name, "\"strengthen\" has no range");
  return dial;
}

Dial read_dial(const fs::path& path) {
  std::error_code fault;
  const std::string text = read_file(path, kLargestFile, fault);
  if (fault == std::errc::file_too_large) refuse(path.string(), "larger than 1 MiB");
  if (fault)
    throw invalid_input("dial", fmt::format("{} cannot be read: {}", path.string(), fault.message()));
  return dial_from_json(text, path.string());
}

void write_dial(const fs::path& path, const Dial& dial) {
  try {
    write_file(path, to_json(dial));
  } catch (const Error&) {
    throw Error(ErrorCode::io, "path", fmt::format("{} cannot be written", path.string()));
  }
}

std::uint64_t hash_of(const Dial& dial) {
  return hash_text(kHashStart, to_json(dial));
}

std::string dial_file_name(const std::string& style) {
  const std::string plain = slug(style);
  const bool says_all =
      !plain.empty() && plain.size() <= kLongestName &&
      std::ranges::all_of(style, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (says_all) return plain + ".dial.json";
  return fmt::format("{}-{:08x}.dial.json", plain.empty() ? "style" : plain.substr(0, kLongestName),
                     static_cast<std::uint32_t>(hash_text(kHashStart, style)));
}

std::filesystem::path dial_folder(const std::filesystem::path& model) {
  std::error_code ignored;
  if (std::filesystem::is_directory(model, ignored)) return model / "dials";
  return std::filesystem::path(model).replace_extension("dials");
}

std::vector<std::string> dial_styles(const std::filesystem::path& model) {
  std::vector<std::string> styles;
  std::error_code fault;
  for (const auto& entry : std::filesystem::directory_iterator(dial_folder(model), fault)) {
    if (!entry.path().filename().string().ends_with(".dial.json")) continue;
    try {
      styles.push_back(read_dial(entry.path()).style);
    } catch (const Error&) {  // Whoever turns that dial is told what is wrong with it.
    }
  }
  std::sort(styles.begin(), styles.end());
  return styles;
}

}  // namespace latentdial
