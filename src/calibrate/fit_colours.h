#pragma once

#include <array>
#include <span>
#include <vector>

#include "dial/colour_map.h"

namespace latentdial::detail {

/// Red, green and blue, 0 to 255.
using Colour = std::array<double, 3>;

/// Over all pixels of the pictures; there is at least one.
[[nodiscard]] Colour mean_colour(std::span<const Image> images);

/// The affine map that brings pictures' colours and outlines into a style, from `edits` of the same pictures
/// that show it: by least squares, pixel by pixel, each as it differs from its picture's mean. The mean of
/// the result is that of the `styled` pictures, those made from the words. All pictures are of one size;
/// there is at least one.
[[nodiscard]] ColourMap fit_colours(const std::vector<Image>& pictures, const std::vector<Image>& edits,
                                    const std::vector<Image>& styled);

/// How much of what `edits` show is no matter of the pictures' colours and outlines, by the same fit: 0
/// nothing, 1 all (1 − R²). A scene that was laid out anew is made up. All pictures are of one size.
[[nodiscard]] double made_up(const std::vector<Image>& pictures, const std::vector<Image>& edits);

}  // namespace latentdial::detail
