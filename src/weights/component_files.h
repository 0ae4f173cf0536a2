#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "tensor/tensor.h"
#include "weights/key_table.h"

namespace latentdial::detail {

/// Reads the tensors of one component of a diffusers folder, in diffusers' current names. Looks in `folder`
/// for `stem`.safetensors, its fp16 variant, their shards (….index.json), then the same for PyTorch's
/// `torch_stem`.bin. `family` names the older spellings to accept. Throws invalid_input saying which file is
/// missing or what is wrong in one.
[[nodiscard]] std::map<std::string, Tensor> read_component(const std::filesystem::path& folder,
                                                           std::string_view stem, std::string_view torch_stem,
                                                           KeyFamily family);

}  // namespace latentdial::detail
