#pragma once

#include "latentdial/pipeline.h"
#include "weights/checkpoint.h"

namespace latentdial::detail {

/// What a checkpoint's configs and tensor list say, before its weights are loaded. `device` and
/// `unused_tensors` stay empty.
[[nodiscard]] ModelInfo describe(const Checkpoint& checkpoint);

}  // namespace latentdial::detail
