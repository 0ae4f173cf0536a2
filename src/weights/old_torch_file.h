#pragma once

#include <memory>
#include <string_view>

#include "files/mapped_file.h"
#include "weights/checkpoint_file.h"

namespace latentdial::detail {

/// Whether a file begins as torch.save wrote it before PyTorch 1.6, and still does when asked to: pickles and
/// storages one after the other, not in a zip file.
[[nodiscard]] bool is_old_torch_file(std::string_view start);

/// The tensors and metadata of such a file, as read_torch_file gives them; views of the mapping. Nothing in
/// it is executed (pickle.h). Throws invalid_input with one line: the file, what is wrong.
[[nodiscard]] CheckpointFile read_old_torch_file(const std::shared_ptr<const MappedFile>& file);

}  // namespace latentdial::detail
