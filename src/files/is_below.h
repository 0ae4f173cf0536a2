#pragma once

#include <filesystem>

namespace latentdial::detail {

/// Whether a path lies in the folder or in one below it once all symbolic links are followed; what does not
/// exist lies where it would be made.
[[nodiscard]] bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace latentdial::detail
