#pragma once

#include <filesystem>

#include "weights/checkpoint.h"
#include "weights/checkpoint_file.h"

namespace latentdial::detail {

/// Makes a Checkpoint of one file with CompVis keys. Config files in unet/, vae/, text_encoder/, scheduler/
/// and a vocabulary in tokenizer/ beside the file are used where they are there; what is missing is inferred
/// from the tensors and from what the file says of its training (`Training`). Tensors inside the three parts
/// that no row of the key table knows keep their names, so that Weights::unused() names them; tensors outside
/// (a trainer's own state) are left alone.
[[nodiscard]] Checkpoint open_single_file(const std::filesystem::path& path, const CheckpointFile& file);

}  // namespace latentdial::detail
