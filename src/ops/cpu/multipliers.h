#pragma once

#include <array>
#include <vector>

#include "ops/cpu/operations.h"
#include "ops/ops.h"

/// What multiplies each kind of layer: what was measured here, else a table of what was measured elsewhere.
namespace latentdial::detail::ops::cpu {

inline constexpr std::array kLayers = {Layer::linear, Layer::convolution_3x3, Layer::convolution,
                                       Layer::attention};

/// All that can multiply such a layer of bf16 activations on this processor.
[[nodiscard]] std::vector<Multiplier> candidates(Layer layer);

/// `precision` of the layer: Precision::full is never of 8 bits.
[[nodiscard]] Choice choose(const Context& context, Layer layer, Precision precision);

/// As people read them.
[[nodiscard]] const char* name(Layer layer);
[[nodiscard]] const char* name(Multiplier multiplier);

}  // namespace latentdial::detail::ops::cpu
