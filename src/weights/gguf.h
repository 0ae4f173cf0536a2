#pragma once

#include <memory>

#include "files/mapped_file.h"
#include "weights/checkpoint_file.h"

namespace latentdial::detail {

/// The tensors of a GGUF file, version 2 or 3 (docs/gguf.md of github.com/ggml-org/ggml), as views of the
/// mapping, blocks of quantised values as they lie there. Extents are turned round, outermost first; where
/// "comfy.gguf.orig_shape.NAME" says the shape that a tensor had before it was cut into blocks, it has that.
/// Texts among the file's facts are its metadata. All of the header is checked: counts, lengths, offsets in
/// range and aligned, no two tensors over each other or of one name. Throws invalid_input with one line: the
/// file, what is wrong, what would be right.
[[nodiscard]] CheckpointFile read_gguf_file(const std::shared_ptr<const MappedFile>& file);

}  // namespace latentdial::detail
