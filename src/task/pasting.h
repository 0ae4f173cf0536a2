#pragma once

#include "latentdial/image.h"

namespace latentdial::detail {

/// The start image where the mask and its blur do not reach, bit for bit; what was drawn within the mask;
/// from the mask's edge on ever less of that, to the end of the blur. `drawn` also shows what is known, though
/// not quite in its colours: what it lacks of them around each place, it is given there, and from the edge
/// into the mask ever less (no blur: nothing). All are of one size; `blur` is in pixels.
[[nodiscard]] Image pasted(const Image& start, const Image& drawn, const Image& mask, double blur);

}  // namespace latentdial::detail
