#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "weights/lora_keys.h"

namespace latentdial::detail {

/// Refuses a LoRA of another family: by keys that only that has (SDXL's second encoder, Flux' and Stable
/// Diffusion 3's blocks), by how wide the text is that its layers take, or by what its trainer wrote into the
/// metadata. `width` is that of the model's text states, 0 where unknown, `model` its path. Throws
/// invalid_input naming both families.
void require_family(const std::string& file, const std::string& model, std::int64_t width,
                    const std::vector<LoraLayer>& layers, const StoredTensors& tensors,
                    const std::map<std::string, std::string>& metadata);

}  // namespace latentdial::detail
