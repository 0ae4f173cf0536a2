#pragma once

#include <cstddef>
#include <memory>

namespace latentdial {

/// A 64-byte aligned buffer whose memory goes back to a process-wide pool when the last owner lets go.
/// A denoising step asks for the same sizes again and again; recycling them spares the page faults.
[[nodiscard]] std::shared_ptr<std::byte> pooled_buffer(std::size_t bytes);

/// Returns the pool's idle buffers to the system, e.g. between the U-Net and the decoder.
void release_idle_buffers();

}  // namespace latentdial
