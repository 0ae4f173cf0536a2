#pragma once

#include "denoise/denoising.h"
#include "dial/conditioning.h"
#include "diffusion/random.h"
#include "session/session.h"
#include "task/task.h"

namespace latentdial::detail {

/// Latents drawn from the encoder's distribution.
[[nodiscard]] Tensor sample_latents(const Model& model, const models::Encoder::Distribution& distribution,
                                    TorchGenerator& generator);

/// What a run has before evaluation `first`: clean latents in noise, or as they are where none is left.
[[nodiscard]] Tensor in_noise(const Sampler& sampler, int first, const Tensor& clean, const Tensor& noise);

/// Unit noise [1,h,w,C] of a picture's size, or what lies between two of them.
[[nodiscard]] Tensor starting_noise(const Model& model, const Content& content, TorchGenerator& generator);

/// Whether a picture begins with noise alone: one without a start image, and a part that is redrawn at full
/// strength.
[[nodiscard]] bool starts_from_noise(const Source& source);

/// A picture before its first step: noise, a start image in noise, or an inversion, which must be known.
[[nodiscard]] Denoising start(const Session& session, const Content& content, Conditioning conditioning);

}  // namespace latentdial::detail
