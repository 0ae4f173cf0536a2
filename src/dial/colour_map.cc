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
#include "latentdial/pixel_features.h"

namespace latentdial {
namespace {

using nlohmann::json;

constexpr std::size_t kColumns = kPixelFeatures + 1;
constexpr std::size_t kNumbers = 3 * kColumns;
constexpr std::size_t kLongestText = 1000;
constexpr double kLargest = 10000;

}  // namespace

ColourMap parse_colour_map(std::string_view field, const std::string& text) {
  const json list = text.size() > kLongestText
                        ? json()
                        : json::parse("[" + text + "]", nullptr, /*allow_exceptions=*/false);
  const auto is_in_range = [](const json& number) {
    return number.is_number() && std::abs(number.get<double>()) <= kLargest;
  };
  if (!list.is_array() || list.size() != kNumbers || !std::all_of(list.begin(), list.end(), is_in_range)) {
    throw invalid_input(
        field,
        fmt::format("no map of colours; use eighteen numbers from -{} to {} parted by commas: for red, green "
                    "and blue, five factors and a mean",
                    kLargest, kLargest));
  }
  ColourMap map;
  for (std::size_t i = 0; i < kNumbers; ++i) map.rows[i / kColumns][i % kColumns] = list[i].get<double>();
  return map;
}

std::string to_text(const ColourMap& map) {
  std::vector<double> numbers;
  for (const auto& row : map.rows) numbers.insert(numbers.end(), row.begin(), row.end());
  return fmt::format("{}", fmt::join(numbers, ","));
}

Image recoloured(const Image& image, const ColourMap& map, double share) {
  const std::vector<PixelFeatures> features = pixel_features(image);
  Image result = image;
  for (std::size_t i = 0; i < features.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      double mapped = map.rows[c].back();
      for (std::size_t k = 0; k < kPixelFeatures; ++k) mapped += map.rows[c][k] * features[i][k];
      std::uint8_t& value = result.rgb[3 * i + c];
      const double mixed = std::lerp(value, mapped, share);
      value = static_cast<std::uint8_t>(std::lround(std::clamp(mixed, 0.0, 255.0)));
    }
  }
  return result;
}

}  // namespace latentdial
