#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// Factors of weights that lie beside them, by the weight's name: "X.weight" is to be multiplied by the one
/// value of "X.scale_weight", as ComfyUI's scaled files of 8-bit floats have it. Throws invalid_input naming
/// the tensor where a scale is not one positive number, or scales nothing; and where a tensor "scaled_fp8"
/// says that 8-bit floats are scaled, but one of them has no scale. `source` and `component` are for
/// messages.
[[nodiscard]] std::map<std::string, float> read_scales(const std::string& source,
                                                       const std::string& component,
                                                       const std::map<std::string, Tensor>& tensors);

/// Whether a tensor is there for a scaled weight's sake: its scale, that of what is multiplied with it, which
/// is computed unscaled here, or the mark of a scaled file.
[[nodiscard]] bool belongs_to_scales(std::string_view name);

}  // namespace latentdial::detail
