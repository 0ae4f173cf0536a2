#pragma once

#include "diffusion/random.h"
#include "session/session.h"
#include "task/task.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// What an unCLIP model is told of a content's reference, [1,V], as PictureReader has it: of two, of the
/// slerp between what is seen in them (Ramesh et al. 2022, arXiv 2204.06125, section 3.2). Its noise comes
/// first of the picture's generator, as in diffusers. Undefined where there is none.
[[nodiscard]] Tensor reference_told(Session& session, const Content& content);

/// Takes that noise from the generator.
void pass_reference(const Model& model, TorchGenerator& generator);

}  // namespace latentdial::detail
