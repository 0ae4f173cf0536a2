#pragma once

#include <vector>

#include "image/area.h"

namespace latentdial::detail {

/// A part of a picture that is drawn by itself.
struct Square {
  PixelArea seen;  ///< What is looked at.
  PixelArea kept;  ///< What is kept of the result, within `seen`; those of all squares fill the picture.
};

/// Cuts a picture, whose sides are multiples of `multiple`, into squares of about kSquare pixels, whose edges
/// are multiples of it too and which see kAround pixels beyond what is kept of them, where the picture has
/// them.
[[nodiscard]] std::vector<Square> squares_of(int width, int height, int multiple);

inline constexpr int kSquare = 160;
inline constexpr int kAround = 16;

}  // namespace latentdial::detail
