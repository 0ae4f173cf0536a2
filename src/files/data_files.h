#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace latentdial::detail {

/// The value of an environment variable; nothing when it is unset or empty.
[[nodiscard]] std::optional<std::string> environment(const char* name);

/// The first share/latentdial/NAME that exists, in the folder of this library or program or in one of the
/// four folders above it: beside bin/ and lib/ of an installation, in a build tree, in a Python package.
[[nodiscard]] std::optional<std::filesystem::path> find_data_file(const std::filesystem::path& name);

}  // namespace latentdial::detail
