#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "latentdial/export.h"
#include "latentdial/image.h"

namespace latentdial {

/// What a ColourMap looks at in a pixel: red, green, blue, how sharp an outline runs there, how much of
/// outlines there is around.
inline constexpr std::size_t kPixelFeatures = 5;

/// An affine map of a picture's colours and outlines into other colours; all of them run from 0 to 255.
struct ColourMap {
  /// For red, green and blue of the result: factors of the five features of a pixel, each as it differs from
  /// the picture's own mean, and the mean of the result.
  std::array<std::array<double, kPixelFeatures + 1>, 3> rows = {};
  friend bool operator==(const ColourMap&, const ColourMap&) = default;
};

/// Reads eighteen numbers parted by commas, row by row; none over 10,000 either way. Throws invalid_input
/// that begins with `name`.
[[nodiscard]] ColourMap parse_colour_map(const std::string& name, const std::string& text);

/// The same text again.
[[nodiscard]] LATENTDIAL_API std::string to_text(const ColourMap& map);

/// The picture, `share` of the way to its mapped colours: 0 as it is, 1 the map's; beyond 1 further.
[[nodiscard]] Image recoloured(const Image& image, const ColourMap& map, double share);

}  // namespace latentdial
