#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "weights/weights.h"

namespace latentdial::detail {

/// A CLIP model as it lies in a folder.
struct ClipFolder {
  nlohmann::json vision_config;
  nlohmann::json text_config;  ///< null where there is no text encoder.
  Weights weights;
  std::filesystem::path tokenizer;  ///< Of its own; empty: the standard one.
};

/// Reads config.json and the weights beside it of a CLIPModel or a CLIPVisionModelWithProjection. Throws
/// invalid_input naming the file that is missing or wrong, or what else the folder holds.
[[nodiscard]] ClipFolder open_clip_folder(const std::filesystem::path& folder);

}  // namespace latentdial::detail
