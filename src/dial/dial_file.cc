#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "dial/style_words.h"
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

constexpr int kFormat = 9;
constexpr std::uintmax_t kLargestFile = 1u << 20;
constexpr std::size_t kMostPoints = 1000;
constexpr double kFarthest = 100;
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

  /// A course from [0, 0] to the end of the range.
  [[nodiscard]] std::vector<DialPoint> points(const char* key) const {
    std::vector<DialPoint> points;
    const auto found = object_.find(key);
    if (found == object_.end() || !found->is_array() || found->size() > kMostPoints)
      refuse(name_, fmt::format("\"{}\" is not a list of points", key));
    for (const auto& point : *found) {
      const bool pair = point.is_array() && point.size() == 2 && point[0].is_number() && point[1].is_number();
      if (!pair) refuse(name_, fmt::format("\"{}\" holds {}, not a [position, strength]", key, point.dump()));
      points.push_back({point[0].get<double>(), point[1].get<double>()});
      if (!goes_on(points))
        refuse(name_, fmt::format("\"{}\" does not rise from [0, 0] at {}", key, point.dump()));
    }
    if (points.size() < 2) refuse(name_, fmt::format("\"{}\" has no range", key));
    return points;
  }

 private:
  /// Whether the last point lies beyond the one before.
  [[nodiscard]] static bool goes_on(const std::vector<DialPoint>& points) {
    const DialPoint& last = points.back();
    if (points.size() == 1) return last.position == 0 && last.strength == 0;
    const DialPoint& before = points[points.size() - 2];
    return last.position > before.position && last.strength > before.strength && last.position <= kFarthest &&
           last.strength <= kFarthest;
  }

  const std::string& name_;
  const json& object_;
};

/// What `to` is at a value of `from`, in straight lines between the points.
double read_off(const std::vector<DialPoint>& points, double DialPoint::*from, double DialPoint::*to,
                double value) {
  const auto above = std::ranges::lower_bound(points, value, {}, from);
  if (above == points.begin()) return points.front().*to;
  if (above == points.end()) return points.back().*to;
  const DialPoint& below = *std::prev(above);
  return std::lerp(below.*to, (*above).*to, (value - below.*from) / ((*above).*from - below.*from));
}

}  // namespace

double Dial::strength_at(double position) const {
  return read_off(points, &DialPoint::position, &DialPoint::strength, position);
}

double Dial::position_of(double strength) const {
  return read_off(points, &DialPoint::strength, &DialPoint::position, strength);
}

std::string to_json(const Dial& dial) {
  auto points = ordered_json::array();
  for (const DialPoint& point : dial.points) points.push_back({point.position, point.strength});
  const ordered_json object = {{"latentdial_dial", kFormat},
                               {"style", dial.style},
                               {"model", dial.model},
                               {"fingerprint", dial.fingerprint},
                               {"guidance_scale", dial.guidance_scale},
                               {"words", dial.words},
                               {"points", points},
                               {"reason", dial.reason}};
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
  dial.words = read.text("words");
  if (std::ranges::find(ways_to_say_it(), dial.words) == ways_to_say_it().end())
    refuse(name, fmt::format("\"words\" is not one of \"{}\"", fmt::join(ways_to_say_it(), "\", \"")));
  dial.points = read.points("points");
  dial.reason = read.text("reason");
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
