#pragma once

#include <vector>

#include "latentdial/layer_multiplier.h"

/// What was measured to be fastest on this processor, kept as latentdial/cpu.json in the user's cache folder:
/// the same machine takes the same way every time, so that chance changes no picture's bits.
namespace latentdial::detail {

/// Nothing where nothing was kept, or it is of another processor, instruction set or version. Throws
/// invalid_input, with the path, for a file that nothing here wrote.
[[nodiscard]] std::vector<LayerMultiplier> read_tuned_cpu();

/// Throws invalid_input where there is no folder for it, io where it cannot be written.
void write_tuned_cpu(const std::vector<LayerMultiplier>& measured);

}  // namespace latentdial::detail
