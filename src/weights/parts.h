#pragma once

#include "weights/checkpoint.h"

namespace latentdial::detail {

/// Puts other parts into an opened checkpoint. A file has a part alone or a whole model, in CompVis' names,
/// with "model.diffusion_model." or "first_stage_model." before them or without, or in diffusers'; its config
/// is the one that the checkpoint's own part has, and in_channels that of its tensors. A folder is
/// diffusers', of the part or of a whole model. What a U-Net's file says of its training (`Training`) holds
/// from then on. Throws invalid_input with one line where a file holds no such part.
void replace_parts(Checkpoint& checkpoint, const Parts& parts);

}  // namespace latentdial::detail
