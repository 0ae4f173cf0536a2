#pragma once

#include <array>
#include <string>

#include "latentdial/image.h"

namespace latentdial {

/// An affine map of colours: each channel of the result is a weighted sum of the picture's red, green and
/// blue, and an offset; channels run from 0 to 255.
struct ColourMap {
  /// For red, green and blue of the result: factors of red, green and blue, and the offset.
  std::array<std::array<double, 4>, 3> rows = {};
  friend bool operator==(const ColourMap&, const ColourMap&) = default;
};

/// Reads twelve numbers parted by commas, row by row; none over 10,000 either way. Throws invalid_input that
/// begins with `name`.
[[nodiscard]] ColourMap parse_colour_map(const std::string& name, const std::string& text);

/// The same text again.
[[nodiscard]] std::string to_text(const ColourMap& map);

/// The picture, `share` of the way to its mapped colours: 0 as it is, 1 the map's; beyond 1 further.
[[nodiscard]] Image recoloured(const Image& image, const ColourMap& map, double share);

}  // namespace latentdial
