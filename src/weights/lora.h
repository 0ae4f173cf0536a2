#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "weights/checkpoint.h"

namespace latentdial::detail {

/// Adds a LoRA (Hu et al. 2021) to a checkpoint: W + scale · (alpha / rank) · up · down for every layer that
/// it names, linear or convolution, when the layer is loaded. Reads kohya's keys ("lora_unet_…", "lora_te_…")
/// and those of diffusers and PEFT ("unet.….lora_A.weight"); a negative scale takes away. Throws
/// invalid_input naming the file and the key that is malformed, or when no layer of it belongs to the model.
[[nodiscard]] AppliedLora apply_lora(const Checkpoint& checkpoint, const std::filesystem::path& path,
                                     double scale);

}  // namespace latentdial::detail
