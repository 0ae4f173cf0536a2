#pragma once

#include "latentdial/request.h"

namespace latentdial::detail {

/// Whether a start image is extended beyond one of its sides.
[[nodiscard]] bool extends(const Settings& settings);

/// The setting that extends it, the first of them.
[[nodiscard]] const char* extended_side(const Settings& settings);

/// The pictures of a request as they are drawn on: a start image that is extended has its new space around
/// it, filled with the colours of its edge, and a mask that is white there and as given within.
[[nodiscard]] InputImages on_canvas(const Settings& settings, const InputImages& images);

/// How far beyond a mask the area goes that is drawn by itself, in pixels of the picture: `mask_padding`, and
/// beside new space at least as far as the widest of it, so that half of what is drawn is known.
[[nodiscard]] int padding_around_mask(const Settings& settings);

}  // namespace latentdial::detail
