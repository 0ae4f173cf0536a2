#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "ops/cpu_backend.h"
#include "weights/checkpoint.h"

namespace latentdial::detail {

/// Bytes that this process's control group and those above it allow, version 1 or 2; nothing where there is
/// no bound. `root` is the folder that holds proc/ and sys/.
[[nodiscard]] std::optional<std::uint64_t> memory_limit(const std::filesystem::path& root = "/");

/// Bytes that the encoders of texts and of an unCLIP model's pictures and the U-Net take at least.
[[nodiscard]] std::uint64_t least_memory(const Checkpoint& checkpoint, const ops::BackendOptions& unet);

/// Bytes that those of its weights take at least which LoRAs change, where the model stays loaded beside
/// them.
[[nodiscard]] std::uint64_t least_memory_of_changes(const Checkpoint& checkpoint,
                                                    const ops::BackendOptions& unet);
/// Bytes of all weights: those and the autoencoder's.
[[nodiscard]] std::uint64_t weights_memory(const Checkpoint& checkpoint, const ops::BackendOptions& unet);

/// Throws invalid_input when the control group would kill the process while it loads the model.
void require_memory(const Checkpoint& checkpoint, const ops::BackendOptions& unet,
                    const std::filesystem::path& root = "/");
/// The same of a model beside which `checkpoint` is loaded: the same with LoRAs.
void require_memory_beside(const Checkpoint& checkpoint, const ops::BackendOptions& unet,
                           const std::filesystem::path& root = "/");

}  // namespace latentdial::detail
