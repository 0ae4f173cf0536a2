#include "dial/colour_map.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace latentdial::detail {
namespace {

constexpr float kHalfSharp = 20;  // The step of colour from pixel to pixel that makes half an outline.
constexpr double kGlow = 3;       // How far outlines are felt around them, in pixels (σ of a Gaussian).

/// One number for each pixel, row by row; beyond its borders it goes on as it ends.
struct Plane {
  int width, height;
  std::vector<float> values;

  [[nodiscard]] float at(int x, int y) const {
    x = std::clamp(x, 0, width - 1);
    y = std::clamp(y, 0, height - 1);
    return values[static_cast<std::size_t>(y) * width + x];
  }
};

template <class Value>
Plane make_plane(int width, int height, const Value& value) {
  Plane plane{width, height, {}};
  plane.values.reserve(static_cast<std::size_t>(width) * height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) plane.values.push_back(value(x, y));
  return plane;
}

Plane channel(const Image& image, std::size_t c) {
  return make_plane(image.width, image.height, [&](int x, int y) {
    return static_cast<float>(image.rgb[3 * (static_cast<std::size_t>(y) * image.width + x) + c]);
  });
}

/// The length of the colour's gradient (Di Zenzo 1986, summed over both directions), bent so that it ends at
/// 255.
Plane outlines(const std::array<Plane, 3>& colours) {
  return make_plane(colours[0].width, colours[0].height, [&](int x, int y) {
    float squares = 0;
    for (const Plane& plane : colours) {
      const float across = (plane.at(x + 1, y) - plane.at(x - 1, y)) / 2;
      const float down = (plane.at(x, y + 1) - plane.at(x, y - 1)) / 2;
      squares += across * across + down * down;
    }
    const float length = std::sqrt(squares);
    return 255 * length / (length + kHalfSharp);
  });
}

Plane blurred(const Plane& plane) {
  constexpr int kReach = static_cast<int>(3 * kGlow);
  std::array<float, 2 * kReach + 1> weights;
  float sum = 0;
  for (int i = -kReach; i <= kReach; ++i)
    sum += weights[i + kReach] = static_cast<float>(std::exp(-i * i / (2 * kGlow * kGlow)));
  const auto along = [&](const Plane& from, int dx, int dy) {
    return make_plane(from.width, from.height, [&](int x, int y) {
      float value = 0;
      for (int i = -kReach; i <= kReach; ++i) value += weights[i + kReach] * from.at(x + i * dx, y + i * dy);
      return value / sum;
    });
  };
  return along(along(plane, 1, 0), 0, 1);
}

float mean_of(const Plane& plane) {
  double sum = 0;
  for (const float value : plane.values) sum += value;
  return static_cast<float>(sum / static_cast<double>(plane.values.size()));
}

constexpr std::size_t kColumns = kPixelFeatures + 1;

}  // namespace

std::vector<PixelFeatures> pixel_features(const Image& image) {
  const std::array<Plane, 3> colours = {channel(image, 0), channel(image, 1), channel(image, 2)};
  const Plane sharp = outlines(colours), glow = blurred(sharp);
  const std::array<const Plane*, kPixelFeatures> planes = {&colours[0], &colours[1], &colours[2], &sharp,
                                                           &glow};
  std::vector<PixelFeatures> features(sharp.values.size());
  for (std::size_t k = 0; k < kPixelFeatures; ++k) {
    const float mean = mean_of(*planes[k]);
    for (std::size_t i = 0; i < features.size(); ++i) features[i][k] = planes[k]->values[i] - mean;
  }
  return features;
}

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
