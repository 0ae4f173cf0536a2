#pragma once

#include <string>
#include <vector>

#include "latentdial/image.h"
#include "latentdial/pipeline.h"
#include "latentdial/request.h"
#include "tensor/tiles.h"

namespace latentdial::detail {

/// How many times the model's own pixels are drawn at once of what is larger.
inline constexpr double kMostOfOwnPixels = 2.25;

struct PictureSize {
  int width = 0, height = 0;
};

/// The size of what is made from a picture of width × height where none is asked for: its shape, with about
/// as many pixels as the model was trained at, both sides multiples of `multiple`. Of what is more than three
/// times as long as wide the middle is taken. A larger picture may keep its size up to `most_of_own` times
/// the model's pixels.
[[nodiscard]] PictureSize size_like(int width, int height, const ModelInfo& model, int multiple,
                                    double most_of_own = 1);

/// The tiles of latents, of the model's own size, that a picture of this size is drawn in where it has to
/// fit; none up to 2.25 times the model's own pixels. `multiple` pixels are a place.
[[nodiscard]] std::vector<Tile> tiles_to_draw(const PictureSize& size, const ModelInfo& model, int multiple);

/// What the user should know of a picture's size, of a request with every default filled in: that the model
/// was trained at a smaller one, and how much of the start image is cut off.
[[nodiscard]] std::vector<std::string> size_notices(const Request& request, const ModelInfo& model,
                                                    int multiple);

}  // namespace latentdial::detail
