#pragma once

#include <functional>
#include <string>

#include "models/config.h"
#include "models/layers.h"

namespace latentdial::detail {

/// Latents [B,h,w,C] as the diffusion leaves them → pixels [B,H,W,3], nominally in [−1, 1], f32 on the host.
using PictureDecoder = std::function<Tensor(const Tensor& latents)>;

/// The decoder of the model's `vae`, or the TAESD at the path `taesd` where that is not empty. Throws
/// invalid_input naming the file when it is no TAESD, or one for another kind of latents.
[[nodiscard]] PictureDecoder make_decoder(const std::string& taesd, const models::Scope& vae,
                                          const models::AutoencoderConfig& config);

/// Whether a tensor of the vae component is only for the decoder, which a TAESD replaces.
[[nodiscard]] bool is_of_own_decoder(const std::string& tensor);

}  // namespace latentdial::detail
