#pragma once

#include <filesystem>

#include "latentdial/pipeline.h"
#include "output.h"
#include "strip.h"

namespace latentdial::cli {

/// Writes `explain.png` and `explain.json` beside a dial's strip: the meter's reading of each frame and the
/// response it makes, where the picture changed from the frame nearest to none to the one furthest from it,
/// and the palettes of these two.
void explain_strip(const Pipeline& pipeline, const Strip& strip, const std::filesystem::path& folder,
                   const OutputOptions& output);

}  // namespace latentdial::cli
