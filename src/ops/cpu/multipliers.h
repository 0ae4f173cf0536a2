#pragma once

#include <span>

#include "ops/cpu/operations.h"
#include "ops/ops.h"

/// What multiplies each kind of layer: a table of what was measured.
namespace latentdial::detail::ops::cpu {

enum class Layer {
  linear,           ///< Convolutions of 1×1 too.
  convolution_3x3,  ///< Those that Winograd's filtering can do (suits_winograd).
  convolution,      ///< All others.
  attention,
};

enum class Multiplier {
  own_f32,  ///< bf16 is widened in the cache.
  winograd_f32,
  own_int8,
  onednn_bf16,  ///< By whatever oneDNN has: AVX-512 BF16, AMX.
  bf16_pairs,   ///< Our own, by AVX-512 BF16.
};

struct Choice {
  Multiplier by;
  const char* because;
};

/// `precision` of the layer: Precision::full is never of 8 bits.
[[nodiscard]] Choice choose(const Context& context, Layer layer, Precision precision);

/// As people read them.
[[nodiscard]] const char* name(Layer layer);
[[nodiscard]] const char* name(Multiplier multiplier);

}  // namespace latentdial::detail::ops::cpu
