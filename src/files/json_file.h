#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace latentdial::detail {

/// Reads a JSON object. Throws invalid_input with one line when the file is missing, larger than 64 MiB, not
/// JSON, not an object, nested deeper than 64 levels, or gives a name twice in one object.
[[nodiscard]] nlohmann::json read_json_object(const std::filesystem::path& path);

}  // namespace latentdial::detail
