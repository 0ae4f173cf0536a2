#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace latentdial::detail {

/// SHA-256 (FIPS 180-4) in 64 hexadecimal digits.
[[nodiscard]] std::string sha256(std::span<const std::byte> bytes);

}  // namespace latentdial::detail
