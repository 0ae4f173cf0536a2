#pragma once

#include <string>
#include <vector>

#include "latentdial/export.h"

namespace latentdial {

struct ModelOptions;

/// What multiplies one kind of the denoiser's layers on this processor, and the measurement that says so.
struct LayerMultiplier {
  std::string layers;   ///< "attention"
  std::string by;       ///< "pairs of bf16 (AVX-512 BF16)"
  std::string because;  ///< GFLOP/s of the direct algorithm where it was measured; or what it follows from.
};

/// Of all kinds of layers. The same on every run, until tune_multipliers is called: a machine's pictures keep
/// their bits. Throws invalid_input where the options name no number format.
[[nodiscard]] LATENTDIAL_API std::vector<LayerMultiplier> list_multipliers(const ModelOptions& options);

/// Times what can multiply bf16 numbers on this processor, about a second, by as many threads as the options
/// say; keeps the fastest of each kind of layer in latentdial/cpu.json of $XDG_CACHE_HOME or ~/.cache, and
/// returns them. Models that are loaded from then on multiply that way. Throws invalid_input where there is
/// no such folder, io where nothing can be written.
LATENTDIAL_API std::vector<LayerMultiplier> tune_multipliers(const ModelOptions& options);

}  // namespace latentdial
