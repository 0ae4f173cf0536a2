#pragma once

#include <map>
#include <memory>
#include <string>

#include "files/mapped_file.h"
#include "weights/stored_tensor.h"

namespace latentdial::detail {

/// A safetensors file: its tensors as views of the mapping, and its free-form "__metadata__".
struct Safetensors {
  StoredTensors tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads the header and checks all of it: length, JSON, offsets in range, without overlap or gap, bytes =
/// shape × dtype. Throws invalid_input with one line: the file, what is wrong, what would be right.
[[nodiscard]] Safetensors read_safetensors(const std::shared_ptr<const MappedFile>& file);

}  // namespace latentdial::detail
