#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "latentdial/export.h"
#include "latentdial/image.h"

namespace latentdial {

/// A colour of a picture and the share of its pixels that it stands for.
struct PaletteColour {
  std::array<std::uint8_t, 3> rgb;
  double share = 0;  ///< 0 to 1.
};

/// The `count` colours that stand best for a picture's pixels (k-means from the pixels that differ most;
/// always the same for the same picture), darkest first. Fewer where the picture has fewer.
[[nodiscard]] LATENTDIAL_API std::vector<PaletteColour> palette_of(const Image& picture, int count);

/// Mean change of each pixel over the channels, 0 to 1, row by row. Both pictures have one size.
[[nodiscard]] LATENTDIAL_API std::vector<float> change_between(const Image& before, const Image& after);

/// The mean of that over the picture, 0 to 1.
[[nodiscard]] LATENTDIAL_API double mean_change(const Image& before, const Image& after);

/// Where `after` differs from `before`: `before` in pale grey, the change over it from yellow to red, the
/// largest one in full.
[[nodiscard]] LATENTDIAL_API Image draw_change(const Image& before, const Image& after);

/// Two palettes as bars over each other, `before` above; each colour as wide as its share.
[[nodiscard]] LATENTDIAL_API Image draw_palettes(const std::vector<PaletteColour>& before,
                                                 const std::vector<PaletteColour>& after, int width,
                                                 int height);

/// Points (position, response) joined by lines, beside the straight dial from (0, 0) to (1, 1).
[[nodiscard]] LATENTDIAL_API Image draw_response(const std::vector<std::pair<double, double>>& points,
                                                 int width, int height);

}  // namespace latentdial
