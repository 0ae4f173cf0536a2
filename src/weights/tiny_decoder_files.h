#pragma once

#include <filesystem>

#include "weights/checkpoint.h"

namespace latentdial::detail {

/// The decoder of a TAESD, in diffusers' naming (decoder.layers.N…): of a diffusers AutoencoderTiny folder,
/// or of one .safetensors, .pt or .pth file with diffusers' keys or the original's (1.weight,
/// 3.conv.0.weight, …), its config then inferred. An encoder beside it is left out. Throws invalid_input with
/// one line for anything else.
[[nodiscard]] Component open_tiny_decoder(const std::filesystem::path& path);

}  // namespace latentdial::detail
