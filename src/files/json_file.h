#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "latentdial/json.h"

namespace latentdial::detail {

/// Of a configuration, or of an index of shards.
inline constexpr std::size_t kLargestConfig = 4u << 20;
inline constexpr JsonLimits kConfigLimits = {.spare = 4u << 20, .names = 1u << 16};

/// Reads a JSON object. Throws invalid_input with one line when the file is missing, larger than `largest`
/// bytes, not an object, or not what parse_json takes within `limits`.
[[nodiscard]] nlohmann::json read_json_object(const std::filesystem::path& path,
                                              std::size_t largest = kLargestConfig,
                                              const JsonLimits& limits = kConfigLimits);

}  // namespace latentdial::detail
