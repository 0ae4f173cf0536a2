#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "weights/checkpoint.h"
#include "weights/checkpoint_file.h"
#include "weights/infer_config.h"
#include "weights/key_table.h"

namespace latentdial::detail {

/// What stands before the names of a whole model's parts.
inline constexpr std::string_view kUnetPrefix = "model.diffusion_model.";
inline constexpr std::string_view kVaePrefix = "first_stage_model.";

/// The tensors below `prefix`, without it and without those that are knowingly ignored.
[[nodiscard]] StoredTensors part_of(const StoredTensors& tensors, std::string_view prefix);

/// The tensors of a part, opened, by their names in diffusers; a name that `table` does not know stays.
/// Throws invalid_input naming `file` and the tensor, `prefix` before it.
[[nodiscard]] ComponentTensors rename(const std::string& file, std::string_view prefix,
                                      const StoredTensors& stored, const KeyTable& table);

/// Makes a Checkpoint of one file with CompVis keys. Config files in unet/, vae/, text_encoder/, scheduler/
/// and a vocabulary in tokenizer/ beside the file are used where they are there; what is missing is inferred
/// from the tensors and from what the file says of its training (`Training`). Tensors inside the three parts
/// that no row of the key table knows keep their names, so that Weights::unused() names them; tensors outside
/// (a trainer's own state) are left alone.
[[nodiscard]] Checkpoint open_single_file(const std::filesystem::path& path, const CheckpointFile& file);

}  // namespace latentdial::detail
