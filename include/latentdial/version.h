#pragma once

namespace latentdial {

/// The program's version, "major.minor.patch".
inline constexpr const char* kVersion = "0.1.0";

}  // namespace latentdial
