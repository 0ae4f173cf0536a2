#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "latentdial/settings.h"

namespace latentdial::detail {

/// A1111's key of the LoRAs that a picture's settings name: "ink: 0123456789ab, wash: …".
inline constexpr std::string_view kLoraHashes = "Lora hashes";

struct LoraHash {
  std::string name, hash;  ///< The hash is empty where the text has none.
};
/// What stands there.
[[nodiscard]] std::vector<LoraHash> read_lora_hashes(const std::string& value);

/// Whether a picture's settings name all of them: its prompt, `loras`, or its style.
[[nodiscard]] bool names_loras(const Settings& settings, const std::string& value);

}  // namespace latentdial::detail
