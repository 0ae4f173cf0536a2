#pragma once

#include <filesystem>

namespace latentdial::detail {

/// The folder of the embedded default model: $LATENTDIAL_SCENES, or `scenes` in the folder $LATENTDIAL_MODELS
/// where these are set, else share/latentdial/scenes beside the program or the library. Throws invalid_input
/// when it is nowhere.
[[nodiscard]] std::filesystem::path find_embedded_model();

}  // namespace latentdial::detail
