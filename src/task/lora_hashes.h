#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace latentdial::detail {

/// A1111's key of the LoRAs that a picture's prompt names: "ink: 0123456789ab, wash: …".
inline constexpr std::string_view kLoraHashes = "Lora hashes";

struct LoraHash {
  std::string name, hash;  ///< The hash is empty where the text has none.
};
/// What stands there.
[[nodiscard]] std::vector<LoraHash> read_lora_hashes(const std::string& value);

/// Whether a prompt names all of them.
[[nodiscard]] bool names_loras(const std::string& prompt, const std::string& value);

}  // namespace latentdial::detail
