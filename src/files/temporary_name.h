#pragma once

#include <filesystem>
#include <string>

namespace latentdial::detail {

/// FOLDER/.NAME.RANDOM.tmp for FOLDER/NAME: what nobody else has made or can foresee.
[[nodiscard]] std::filesystem::path temporary_name(const std::filesystem::path& path);

/// NAME of such a file's name, and of NAME.tmp, as sweeps on Ray and older versions call it; "" for any
/// other.
[[nodiscard]] std::string written_name(std::string temporary);

}  // namespace latentdial::detail
