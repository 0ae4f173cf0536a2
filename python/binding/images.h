#pragma once

#include <nanobind/ndarray.h>

#include <cstdint>

#include "latentdial/image.h"

namespace latentdial::binding {

/// [height, width, 3], rows from the top.
using PixelArray =
    nanobind::ndarray<nanobind::numpy, std::uint8_t, nanobind::shape<-1, -1, 3>, nanobind::c_contig>;
using GivenPixels = nanobind::ndarray<const std::uint8_t, nanobind::shape<-1, -1, 3>, nanobind::c_contig,
                                      nanobind::device::cpu>;

[[nodiscard]] PixelArray to_array(Image image);
[[nodiscard]] Image from_array(const GivenPixels& pixels);

}  // namespace latentdial::binding
