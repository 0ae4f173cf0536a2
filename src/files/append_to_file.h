#pragma once

#include <filesystem>
#include <string_view>

namespace latentdial::detail {

/// Adds to the end of a file, which is made where there is none, and waits until the bytes are on the disk.
/// A symbolic link in its place is not followed.
/// Throws io, "PATH cannot be written: REASON".
void append_to_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace latentdial::detail
