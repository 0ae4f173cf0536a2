#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "latentdial/image.h"

namespace latentdial::detail {

/// What a ColourMap looks at in a pixel: red, green, blue, how sharp an outline runs there, how much of
/// outlines there is around.
inline constexpr std::size_t kPixelFeatures = 5;
using PixelFeatures = std::array<float, kPixelFeatures>;

/// What a ColourMap looks at, pixel by pixel, less the picture's mean. A faint outline counts for more than
/// its share, as in drawings.
[[nodiscard]] std::vector<PixelFeatures> pixel_features(const Image& image);

/// An affine map of a picture's colours and outlines into other colours; all of them run from 0 to 255.
struct ColourMap {
  /// For red, green and blue of the result: factors of the five features of a pixel, each as it differs from
  /// the picture's own mean, and the mean of the result.
  std::array<std::array<double, kPixelFeatures + 1>, 3> rows = {};
};

inline constexpr std::size_t kColourNumbers = 3 * (kPixelFeatures + 1);
inline constexpr double kLargestColourNumber = 10000;

/// The map of EditRecipe::colours, row by row, and back.
[[nodiscard]] ColourMap colour_map(const std::vector<double>& numbers);
[[nodiscard]] std::vector<double> numbers_of(const ColourMap& map);

/// The picture, `share` of the way to its mapped colours: 0 as it is, 1 the map's; beyond 1 further.
[[nodiscard]] Image recoloured(const Image& image, const ColourMap& map, double share);

}  // namespace latentdial::detail
