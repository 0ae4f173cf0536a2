#pragma once

#include "latentdial/settings.h"
#include "ops/cpu_backend.h"
#include "weights/checkpoint.h"

namespace latentdial::detail {

/// What text encoder and autoencoder compute with. Throws invalid_input.
[[nodiscard]] ops::BackendOptions backend_options(const ModelOptions& options);
/// The U-Net's: it alone computes in 8 bits, since it is called at every step.
[[nodiscard]] ops::BackendOptions denoiser_options(const ModelOptions& options);

/// The checkpoint of these options, or the embedded one, with its LoRAs. Throws invalid_input, also where it
/// cannot fit the memory that this process may use.
[[nodiscard]] Checkpoint open_model(const ModelOptions& options);

}  // namespace latentdial::detail
