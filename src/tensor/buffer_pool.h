#pragma once

#include <cstddef>
#include <memory>

namespace latentdial::detail {

/// A 64-byte aligned buffer of a process-wide arena, which gets the memory back with the last owner. Each
/// U-Net call asks for the same sizes as the one before, so after the first the arena asks the system for
/// nothing. Throws std::bad_alloc.
[[nodiscard]] std::shared_ptr<std::byte> pooled_buffer(std::size_t bytes);

/// Returns memory that no buffer lies in to the system, e.g. between the U-Net and the decoder.
void release_idle_buffers();

}  // namespace latentdial::detail
