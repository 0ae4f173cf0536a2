#pragma once

#include <string>

#include "weights/stored_tensor.h"

namespace latentdial::detail {

/// Returns when the names look like a whole Stable Diffusion 1, 2 or XL checkpoint with CompVis keys.
/// Otherwise throws invalid_input with one line: what the file seems to be (Flux, a LoRA, a U-Net alone, …)
/// and what is needed.
void require_compvis_checkpoint(const std::string& file, const StoredTensors& tensors);

}  // namespace latentdial::detail
