#pragma once

#include "session/session.h"
#include "task/task.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// Whether the model is told which part of the picture is redrawn, and what the rest is.
[[nodiscard]] bool is_told_known_part(const Model& model, const Source& source);

/// What it is told, [1,h,w,1+C]: 1 at places that are redrawn, and the latents of the picture with its
/// redrawn pixels grey, drawn from the encoder's distribution after all that the picture's noise takes of its
/// generator, as diffusers does.
[[nodiscard]] Tensor known_part(Session& session, const Content& content);

}  // namespace latentdial::detail
