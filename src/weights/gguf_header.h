#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// A fact of a GGUF file as far as anything here asks for it: a text, or whole numbers.
struct GgufFact {
  std::optional<std::string> text;
  std::vector<std::int64_t> numbers;  ///< One, or the elements of a short list.
};

/// What the header of a GGUF file says of one tensor.
struct GgufEntry {
  std::string name;
  Shape extents;  ///< As the file has them: innermost first.
  std::uint32_t type = 0;
  std::uint64_t offset = 0;  ///< Bytes from the end of the header.
};

struct GgufHeader {
  std::map<std::string, GgufFact, std::less<>> facts;
  std::vector<GgufEntry> entries;
  std::uint64_t bytes = 0;  ///< Its length, up to where the first tensor may begin.
  std::uint64_t alignment = 32;
};

/// Reads the header, trusting none of its counts and lengths; offsets are not yet checked. `file` is for
/// messages. Throws invalid_input with one line, also where a fact or a tensor stands there twice.
[[nodiscard]] GgufHeader parse_gguf_header(const std::string& file, std::span<const std::byte> bytes);

}  // namespace latentdial::detail
