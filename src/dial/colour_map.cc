#include "latentdial/colour_map.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "latentdial/error.h"

namespace latentdial {
namespace {

using nlohmann::json;

constexpr std::size_t kNumbers = 12;
constexpr std::size_t kLongestText = 1000;
constexpr double kLargest = 10000;

}  // namespace

ColourMap parse_colour_map(const std::string& name, const std::string& text) {
  const json list = text.size() > kLongestText
                        ? json()
                        : json::parse("[" + text + "]", nullptr, /*allow_exceptions=*/false);
  const auto is_in_range = [](const json& number) {
    return number.is_number() && std::abs(number.get<double>()) <= kLargest;
  };
  if (!list.is_array() || list.size() != kNumbers || !std::all_of(list.begin(), list.end(), is_in_range)) {
    throw invalid_input(fmt::format(
        "{}: no map of colours; use twelve numbers from -{} to {} parted by commas: for red, green "
        "and blue, three factors and an offset",
        name, kLargest, kLargest));
  }
  ColourMap map;
  for (std::size_t i = 0; i < kNumbers; ++i) map.rows[i / 4][i % 4] = list[i].get<double>();
  return map;
}

std::string to_text(const ColourMap& map) {
  std::vector<double> numbers;
  for (const auto& row : map.rows) numbers.insert(numbers.end(), row.begin(), row.end());
  return fmt::format("{}", fmt::join(numbers, ","));
}

Image recoloured(const Image& image, const ColourMap& map, double share) {
  Image result = image;
  for (std::size_t i = 0; i + 2 < image.rgb.size(); i += 3) {
    for (std::size_t c = 0; c < 3; ++c) {
      const auto& row = map.rows[c];
      double mapped = row[3];
      for (std::size_t k = 0; k < 3; ++k) mapped += row[k] * image.rgb[i + k];
      const double value = std::lerp(image.rgb[i + c], mapped, share);
      result.rgb[i + c] = static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
    }
  }
  return result;
}

}  // namespace latentdial
