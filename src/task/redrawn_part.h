#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "latentdial/image.h"
#include "task/task.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// Whether a mask names a pixel at all: one darker than 5 of 255 is black.
[[nodiscard]] bool is_named(const Image& mask, std::size_t pixel);

/// 1 at each pixel that a mask names, whatever its strength, 0 elsewhere. [1,H,W,1]
[[nodiscard]] Tensor named_pixels(const Image& mask);

/// Values [1,H,W,1] blurred by a Gaussian of this deviation in pixels, which ends at 2.5 times that; as they
/// are where it is 0. Beyond its edges a picture goes on as it ends.
[[nodiscard]] Tensor blurred(const Tensor& values, double deviation);

/// How much of each pixel is redrawn, 0 to 1: the mask's brightness, 0 where it names none, its
/// edges softened by a Gaussian of `blur` pixels that ends at 2.5 times that. → [1,H,W,1].
[[nodiscard]] Tensor redrawn_strengths(const Image& mask, double blur);

/// The most of each `scale` × `scale` square of [1,H,W,1] → [1,H/scale,W/scale,1].
[[nodiscard]] Tensor most_of_squares(const Tensor& strengths, int scale);

/// How many pixels beyond a mask its blur reaches.
[[nodiscard]] int blur_reach(double blur);

/// How much each place of the latents is redrawn, of which one is `scale` pixels wide: the most of its
/// pixels' strengths. The part's mask is known.
[[nodiscard]] Tensor redrawn_places(const RedrawnPart& part, int scale);

/// What the user should know of a part: that it is all of the picture.
[[nodiscard]] std::vector<std::string> part_notices(const RedrawnPart& part);

/// The start image without what is white in the mask, filled from around it: where that is drawn from noise,
/// not even its neighbours' latents may show what was there.
[[nodiscard]] Image without_redrawn_whole(const Image& start, const Image& mask);

/// The start image with its masked part filled from around it, so that nothing is left of what was there:
/// means over ever wider neighbourhoods of what is known.
[[nodiscard]] Image filled_from_around(const Image& start, const Tensor& strengths);

}  // namespace latentdial::detail
