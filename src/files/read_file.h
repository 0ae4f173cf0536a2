#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

namespace latentdial::detail {

/// Whether a symbolic link in the place of a file is read.
enum class Links { follow, refuse };

/// The bytes of a regular file of at most `largest`. Where it cannot be read the result is empty and `fault`
/// says why: std::errc::file_too_large where it is larger.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::uintmax_t largest,
                                    std::error_code& fault, Links links = Links::follow);

}  // namespace latentdial::detail
