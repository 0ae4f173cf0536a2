#include "dial/colour_map.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "dial/pixel_features.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kColumns = kPixelFeatures + 1;

}  // namespace

ColourMap colour_map(const std::vector<double>& numbers) {
  ColourMap map;
  for (std::size_t i = 0; i < kColourNumbers; ++i) map.rows[i / kColumns][i % kColumns] = numbers.at(i);
  return map;
}

std::vector<double> numbers_of(const ColourMap& map) {
  std::vector<double> numbers;
  for (const auto& row : map.rows) numbers.insert(numbers.end(), row.begin(), row.end());
  return numbers;
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

}  // namespace latentdial::detail
