#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "weights/checkpoint.h"
#include "weights/key_table.h"

namespace latentdial::detail {

/// Opens a folder in diffusers' layout: model_index.json, scheduler/, text_encoder/, unet/, vae/ and mostly
/// tokenizer/; of an unCLIP model image_encoder/, image_normalizer/ and image_noising_scheduler/ too. Throws
/// invalid_input naming the file that is missing or wrong, or the other architecture it holds.
[[nodiscard]] Checkpoint open_diffusers_folder(const std::filesystem::path& folder);

/// The folder of a tokenizer beside a model when it holds a vocabulary (vocab.json with merges.txt, or
/// tokenizer.json); otherwise empty.
[[nodiscard]] std::filesystem::path find_tokenizer(const std::filesystem::path& folder,
                                                   std::string_view name = "tokenizer");

/// Reads the tensors of one component of a diffusers folder, in diffusers' current names. Looks in `folder`
/// for `stem`.safetensors, its fp16 variant, their shards (….index.json), then the same for PyTorch's
/// `torch_stem`.bin. `family` names the older spellings to accept. Throws invalid_input saying which file is
/// missing or what is wrong in one.
[[nodiscard]] std::map<std::string, Tensor> read_component(const std::filesystem::path& folder,
                                                           std::string_view stem, std::string_view torch_stem,
                                                           KeyFamily family);

}  // namespace latentdial::detail
