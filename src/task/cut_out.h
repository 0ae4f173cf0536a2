#pragma once

#include "image/area.h"
#include "latentdial/image.h"
#include "task/task.h"

namespace latentdial::detail {

/// What is to be looked at of a picture to redraw the part that a mask of its size names: the least rectangle
/// around it, with as much beside it as the blur of its edges reaches and `padding` pixels more. All of the
/// picture where the mask names nothing.
[[nodiscard]] PixelArea area_to_redraw(const Image& mask, double blur, int padding);

/// An area within a picture of width × height, grown to at least `least_width` × `least_height` as far as the
/// picture goes.
[[nodiscard]] PixelArea of_at_least(const PixelArea& area, int least_width, int least_height, int width,
                                    int height);

/// An area within a picture of width × height, made wider or higher to the shape `shape` (width by height) as
/// far as the picture goes.
[[nodiscard]] PixelArea with_shape(const PixelArea& area, double shape, int width, int height);

/// A part of a start image as a part of the area around it, drawn at `width` × `height`; start image and mask
/// have one size.
[[nodiscard]] RedrawnPart cut_out(const InputImage& start, const InputImage& mask, double blur,
                                  const PixelArea& area, int width, int height);

/// The whole start image with what was drawn of a cut-out part in its place: bit for bit where the mask and
/// its blur do not reach.
[[nodiscard]] Image laid_back(const Image& drawn, const CutOut& cut_out);

}  // namespace latentdial::detail
