#pragma once

#include <filesystem>

namespace latentdial {

/// The folder of the embedded default model: $LATENTDIAL_SCENES when set, else share/latentdial/scenes beside
/// the installed program, else models/scenes of the source tree. Throws invalid_input when it is nowhere.
[[nodiscard]] std::filesystem::path find_embedded_model();

}  // namespace latentdial
