#pragma once

#include "dial/conditioning.h"
#include "diffusion/random.h"
#include "model/model.h"
#include "task/task.h"

namespace latentdial::detail {

/// What an upscaling model is told beside a prompt: as channels the small picture under noise, [1,h,w,3], and
/// as vector the level of that noise, [1,1]. That noise comes first of the picture's generator, as in
/// diffusers.
[[nodiscard]] Condition small_picture(const Model& model, const Source& source);

/// Takes that noise from the generator.
void pass_small_picture(const Source& source, TorchGenerator& generator);

}  // namespace latentdial::detail
