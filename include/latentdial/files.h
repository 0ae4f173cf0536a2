#pragma once

#include <filesystem>
#include <string_view>

#include "latentdial/export.h"

namespace latentdial {

/// Writes a whole file or nothing: the bytes are on the disk before they get the name, and what stood there
/// stays until then. What a killed program was writing goes with it where the file system holds files without
/// a name (O_TMPFILE); elsewhere, and while an earlier file is being replaced, a hidden file .NAME.*.tmp may
/// stay in the folder. Throws io, "PATH cannot be written: REASON", for a full disk, no permission, and
/// anything but a file in the path's place.
LATENTDIAL_API void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Makes an empty file, so that of several programs that want the name one has it; false where something has
/// it, a link too. Throws io, "PATH cannot be written: REASON", where no file can be made.
[[nodiscard]] LATENTDIAL_API bool take_name(const std::filesystem::path& path);

}  // namespace latentdial
