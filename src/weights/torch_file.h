#pragma once

#include <memory>

#include "files/mapped_file.h"
#include "weights/checkpoint_file.h"

namespace latentdial::detail {

/// The tensors of a file that torch.save wrote (PyTorch 1.6 or later: a zip of data.pkl and one entry per
/// storage): of the dictionary that is found by going down "state_dict", "model", "module", "params_ema",
/// "params" and an embedding's "string_to_param" as long as there is one. Whole numbers and texts of the
/// outermost dictionary
/// ("global_step") are its metadata. Nothing in the file is executed (pickle.h). Storages that are not
/// compressed are views of the mapping; others are unpacked when asked for, within four times the file's
/// size. Throws invalid_input with one line: the file, what is wrong, what would be right.
[[nodiscard]] CheckpointFile read_torch_file(const std::shared_ptr<const MappedFile>& file);

}  // namespace latentdial::detail
