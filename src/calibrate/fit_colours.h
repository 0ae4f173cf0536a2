#pragma once

#include <array>
#include <span>
#include <vector>

#include "latentdial/colour_map.h"

namespace latentdial {

/// Red, green and blue, 0 to 255.
using Colour = std::array<double, 3>;

/// Over all pixels of the pictures; there is at least one.
[[nodiscard]] Colour mean_colour(std::span<const Image> images);

/// The affine map that brings pictures' colours into a style, from `edits` of the same pictures that show it,
/// pixel by pixel. By least squares it says what becomes of each colour, but too dully where an edit has
/// moved things, so its contrast is raised. Its mean goes to the median colour of the `styled` pictures,
/// those made from the words. All pictures are of one size; there is at least one.
[[nodiscard]] ColourMap fit_colours(const std::vector<Image>& pictures, const std::vector<Image>& edits,
                                    const std::vector<Image>& styled);

}  // namespace latentdial
