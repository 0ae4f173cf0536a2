#pragma once

#include <filesystem>

#include "output.h"
#include "strip.h"

namespace latentdial::cli {

/// Says where a strip's picture jumps from one frame to the next: by more than twice the mean step. Steps are
/// the mean change of a pixel; frames that are the same, as beyond a dial's range, are no steps.
void warn_of_jump(const Strip& strip, const std::filesystem::path& folder, const OutputOptions& output);

}  // namespace latentdial::cli
