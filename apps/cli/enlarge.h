#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "latentdial/settings.h"
#include "output.h"

namespace latentdial::cli {

/// A picture that was enlarged, and the text for its PNG.
struct Enlarged {
  Image image;
  std::string parameters;
};

/// Enlarges `settings.image` by the network in a file, `settings.upscale_by` times where the command was
/// given that. Throws invalid_input for an option of the command that a network has no use for.
[[nodiscard]] Enlarged enlarge(const CLI::App& command, const std::string& file, const Settings& settings,
                               const ModelOptions& engine, const OutputOptions& output);

}  // namespace latentdial::cli
