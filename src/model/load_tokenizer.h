#pragma once

#include "prompt/tokenizer.h"
#include "weights/checkpoint.h"

namespace latentdial::detail {

/// The tokenizer that lies beside a checkpoint, or the standard one. Throws invalid_input naming the file
/// that is missing or wrong.
[[nodiscard]] Tokenizer load_tokenizer(const Checkpoint& checkpoint);

}  // namespace latentdial::detail
