#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// One tensor as a file declares it. Its place in the file has been checked; its values have not been
/// touched.
struct StoredTensor {
  Shape shape;
  std::string dtype_name;  ///< As the file writes it: "F16", "torch.HalfStorage".
  std::optional<DType>
      dtype;  ///< Empty: a type the engine cannot hold (complex numbers, blocks of rare kinds, …).
  std::function<Tensor()>
      map;  ///< A view of the mapped bytes, perhaps misaligned; a copy where the file is compressed.
};

/// All tensors of one file by the names it gives them.
using StoredTensors = std::map<std::string, StoredTensor, std::less<>>;

/// Bytes that `shape` elements of `element_bytes` take; nothing when an extent is negative, the rank exceeds
/// 8 or the product overflows.
[[nodiscard]] std::optional<std::uint64_t> checked_bytes(const Shape& shape, std::uint64_t element_bytes);

/// The values of `tensor` for use. Throws invalid_input naming the tensor, its type and the file when the
/// engine has no such type. Only tensors that the engine wants are asked for, so odd types elsewhere in a
/// checkpoint (an optimiser's counters) do no harm.
[[nodiscard]] Tensor open_tensor(const std::string& file, std::string_view name, const StoredTensor& tensor);

}  // namespace latentdial::detail
