#include "weights/stored_tensor.h"

#include <fmt/format.h>

#include "latentdial/error.h"
#include "text/words.h"

namespace latentdial::detail {

std::optional<std::uint64_t> checked_bytes(const Shape& shape, std::uint64_t element_bytes) {
  constexpr std::size_t kHighestRank = 8;
  if (shape.size() > kHighestRank) return std::nullopt;
  std::uint64_t bytes = element_bytes;
  for (const auto extent : shape) {
    // Half the range of 64 bits, so that counts fit std::int64_t as well.
    if (extent < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes))
      return std::nullopt;
    if (bytes > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  }
  return bytes;
}

Tensor open_tensor(const std::string& file, std::string_view name, const StoredTensor& tensor) {
  if (!tensor.dtype) {
    throw invalid_input(
        fmt::format("{}: tensor {} is of type {}; one of F32, F16, BF16, F8_E4M3, F8_E5M2, or of GGUF's Q4_0 "
                    "to Q6_K is needed",
                    file, printable(name), printable(tensor.dtype_name)));
  }
  return tensor.map();
}

}  // namespace latentdial::detail
