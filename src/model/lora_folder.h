#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "prompt/lora_tags.h"

namespace latentdial::detail {

/// A LoRA file as it is now, and how much of it is added.
struct LoraUse {
  std::filesystem::path path;
  std::filesystem::file_time_type written = {};
  std::uintmax_t size = 0;
  double scale = 1;
  bool operator==(const LoraUse&) const = default;
};

/// The files of `folder` (ModelOptions::lora_dir), and of those in it, that a prompt names. A name is only
/// compared with those of files that are there. Throws invalid_input of "prompt" naming what is there, and of
/// "lora_dir" for a folder that cannot be read, without its path.
[[nodiscard]] std::vector<LoraUse> find_loras(const std::vector<LoraTag>& tags, const std::string& folder);

}  // namespace latentdial::detail
