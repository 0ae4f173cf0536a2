#pragma once

#include <string>
#include <vector>

#include "latentdial/settings.h"
#include "ops/cpu_backend.h"
#include "prompt/tokenizer.h"
#include "weights/checkpoint.h"

namespace latentdial::detail {

/// What text encoder and autoencoder compute with. Throws invalid_input.
[[nodiscard]] ops::BackendOptions backend_options(const ModelOptions& options);
/// The U-Net's: it alone computes in 8 bits, since it is called at every step.
[[nodiscard]] ops::BackendOptions denoiser_options(const ModelOptions& options);

/// What loads the refiner of a model with these options.
[[nodiscard]] ModelOptions refiner_options(const ModelOptions& options);

/// The checkpoint at a path, or where that is empty the embedded one: in $LATENTDIAL_SCENES, or `scenes` in
/// the folder $LATENTDIAL_MODELS where these are set, else share/latentdial/scenes beside the program or the
/// library. With other parts where they are
/// given. Throws invalid_input.
[[nodiscard]] Checkpoint open_path(const std::string& path, const Parts& parts = {});

/// The checkpoint of these options with its LoRAs. Throws invalid_input, also where it cannot fit the memory
/// that this process may use.
[[nodiscard]] Checkpoint open_model(const ModelOptions& options);

/// The tokenizers of a checkpoint's text encoders: what lies beside it, or the standard one. Throws
/// invalid_input naming the file that is missing or wrong.
[[nodiscard]] std::vector<Tokenizer> load_tokenizers(const Checkpoint& checkpoint);

}  // namespace latentdial::detail
