#pragma once

#include <filesystem>
#include <string>

namespace latentdial::detail {

/// FOLDER/.NAME.PROCESS-COUNT.tmp for FOLDER/NAME: what no other file or process is given.
[[nodiscard]] std::filesystem::path temporary_name(const std::filesystem::path& path);

/// NAME of such a file's name, and of NAME.tmp, as sweeps on Ray and older versions call it; "" for any
/// other.
[[nodiscard]] std::string written_name(std::string temporary);

}  // namespace latentdial::detail
