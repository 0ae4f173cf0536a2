#pragma once

#include <filesystem>

#include "weights/checkpoint.h"

namespace latentdial::detail {

/// A network that enlarges pictures, .pth or .safetensors as people share them, its config inferred: an
/// RRDBNet with the tensor names of ESRGAN's first form (model.1.sub.0.RDB1.conv1.0.weight), its second
/// (RRDB_trunk.0.RDB1.conv1.weight) or Real-ESRGAN's (body.0.rdb1.conv1.weight), which it gets; or an
/// SRVGGNetCompact. Throws invalid_input with one line for anything else.
[[nodiscard]] Component open_upscaler(const std::filesystem::path& path);

}  // namespace latentdial::detail
