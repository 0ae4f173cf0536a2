#pragma once

#include <array>
#include <vector>

#include "dial/colour_map.h"

namespace latentdial::detail {

using PixelFeatures = std::array<float, kPixelFeatures>;

/// What a ColourMap looks at, pixel by pixel, less the picture's mean. A faint outline counts for more than
/// its share, as in drawings.
[[nodiscard]] std::vector<PixelFeatures> pixel_features(const Image& image);

}  // namespace latentdial::detail
