#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace latentdial::detail {

/// FNV-1a, 64 bits: the hash of what came before, continued over `bytes`.
inline constexpr std::uint64_t kHashStart = 14695981039346656037u;
[[nodiscard]] constexpr std::uint64_t hash_bytes(std::uint64_t hash, std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 1099511628211u;
  return hash;
}
[[nodiscard]] inline std::uint64_t hash_text(std::uint64_t hash, std::string_view text) {
  return hash_bytes(hash, std::as_bytes(std::span(text)));
}

}  // namespace latentdial::detail
