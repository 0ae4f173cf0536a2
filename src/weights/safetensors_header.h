#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// What the header of a safetensors file says of one tensor.
struct SafetensorsEntry {
  std::string name;
  std::string dtype;
  Shape shape;
  std::uint64_t begin = 0;  ///< Byte offsets [begin, end) from the end of the header.
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;
  std::map<std::string, std::string> metadata;  ///< The free-form "__metadata__" strings.
};

/// Reads the JSON header of a safetensors file (https://github.com/huggingface/safetensors, "Format"): an
/// object of name → {"dtype": string, "shape": [extent, …], "data_offsets": [begin, end]}. Checks its form
/// only, not the offsets. `file` is for messages. Throws invalid_input with one line; names given twice are
/// named.
[[nodiscard]] SafetensorsHeader parse_safetensors_header(const std::string& file, std::string_view json);

}  // namespace latentdial::detail
