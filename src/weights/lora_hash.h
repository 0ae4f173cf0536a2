#pragma once

#include <filesystem>
#include <string>

namespace latentdial::detail {

/// What A1111's web UI writes of a LoRA file into "Lora hashes", 12 hexadecimal digits: the beginning of
/// kohya's "sshs_model_hash" in its metadata, or of the SHA-256 of what follows its header; of another kind
/// of file, of all of it. Throws invalid_input where it cannot be read.
[[nodiscard]] std::string lora_hash(const std::filesystem::path& path);

}  // namespace latentdial::detail
