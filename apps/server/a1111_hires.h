#pragma once

#include "http.h"

namespace latentdial::server {

/// A1111's name of the one way in which latents are enlarged here.
inline constexpr const char* kLatentMode = "Latent";

/// Takes what A1111's txt2img says of a second pass out of a body, and puts into `settings` what it comes to;
/// nothing without `enable_hr`. Throws invalid_input of what has no counterpart here.
void read_a1111_hires(Json& body, Json& settings, const ModelInfo& model, const Upscalers& upscalers);

}  // namespace latentdial::server
