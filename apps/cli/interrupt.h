#pragma once

#include <stop_token>

namespace latentdial::cli {

/// Makes the first SIGINT or SIGTERM a wish to stop and the second one an immediate end.
void catch_interrupts();

/// Passes the wish on; called wherever work reports progress, since a signal handler may not do it itself.
void poll_interrupts();

/// Asked to stop once `poll_interrupts` has seen a signal.
[[nodiscard]] std::stop_token interrupt_token();

}  // namespace latentdial::cli
