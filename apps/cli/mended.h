#pragma once

#include <filesystem>
#include <vector>

#include "latentdial/image.h"
#include "latentdial/pipeline.h"
#include "latentdial/settings.h"
#include "output.h"

namespace latentdial::cli {

/// Makes pictures with these settings, takes something from each (a part, a side, colours, sharpness, size),
/// and has the model make it good again; all in `folder`, where only what is missing is made. Returns a sheet
/// for each: what was given, and what came out.
std::vector<Image> make_mended(const Pipeline& pipeline, const Settings& settings,
                               const std::filesystem::path& folder, const OutputOptions& output);

}  // namespace latentdial::cli
