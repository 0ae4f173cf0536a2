#pragma once

#include <filesystem>
#include <string_view>

namespace latentdial {

/// Writes a whole file or nothing, and what stood there before stays until then: the bytes are on the disk
/// before they get the name. What a killed program was writing goes with it where the file system can hold a
/// file without a name (O_TMPFILE); elsewhere a hidden file in the same folder may be left. Throws io, "PATH
/// cannot be written: REASON", for a full disk, no permission, and anything but a file in the path's place.
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace latentdial
