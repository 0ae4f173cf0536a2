#pragma once

#include "latentdial/export.h"
#include "latentdial/pipeline.h"

namespace latentdial {

/// What a model loaded by these options would say of itself, but for `device`, `dials` and `unused_tensors`;
/// of a model alone `inspect_model` says it too. Throws invalid_input where its files cannot be read or do
/// not go together, as far as that is seen without loading the weights.
[[nodiscard]] LATENTDIAL_API ModelInfo inspect_options(const ModelOptions& options);

}  // namespace latentdial
