#pragma once

#include <filesystem>

#include "weights/checkpoint.h"

namespace latentdial::detail {

/// Opens a folder in diffusers' layout: model_index.json, scheduler/, text_encoder/, unet/, vae/ and mostly
/// tokenizer/. Throws invalid_input naming the file that is missing or wrong, or the other architecture it
/// holds.
[[nodiscard]] Checkpoint open_diffusers_folder(const std::filesystem::path& folder);

/// The tokenizer/ folder beside a model when it holds a vocabulary (vocab.json with merges.txt, or
/// tokenizer.json); otherwise empty.
[[nodiscard]] std::filesystem::path find_tokenizer(const std::filesystem::path& folder);

}  // namespace latentdial::detail
