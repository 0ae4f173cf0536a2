#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "weights/stored_tensor.h"

namespace latentdial::detail {

enum class FileFormat {
  safetensors,
  torch,  ///< What torch.save writes: .ckpt, .bin, .pt.
  gguf
};

/// One file of tensors, whichever format it is in.
struct CheckpointFile {
  FileFormat format = FileFormat::safetensors;
  StoredTensors tensors;
  std::map<std::string, std::string> metadata = {};  ///< The free-form texts of a safetensors or GGUF file;
                                                     ///< of a .ckpt's outermost dictionary texts and numbers.
};

/// Opens a safetensors or GGUF file, or one that torch.save wrote, in a zip or before that. The first bytes
/// decide, not the ending of its name. Throws invalid_input with one line for anything else, saying what it
/// seems to be.
[[nodiscard]] CheckpointFile read_checkpoint_file(const std::filesystem::path& path);

/// One tensor of such a file in f32. Throws invalid_input naming the file and the key when a value is not
/// finite; `kind` says what it should be: "weight".
[[nodiscard]] Tensor read_finite(const std::string& file, const std::string& key, const StoredTensor& stored,
                                 const char* kind);

}  // namespace latentdial::detail
