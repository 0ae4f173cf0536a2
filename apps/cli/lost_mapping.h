#pragma once

namespace latentdial::cli {

/// Ends the program with one line and exit code 2 where a mapped model file is cut short, or its disk fails,
/// while it is read; the system would end it with a SIGBUS.
void catch_lost_mappings();

}  // namespace latentdial::cli
