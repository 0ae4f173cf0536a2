#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "latentdial/pipeline.h"
#include "latentdial/settings.h"
#include "output.h"

namespace latentdial::cli {

/// A row of pictures that differ in one thing, and how each is labelled.
struct Strip {
  std::string folder;  ///< Subfolder of its pictures; empty: none.
  std::string title;
  std::vector<Settings> frames;
  std::vector<std::vector<std::string>> labels;
};

/// The dial at each of `positions`, labelled with the position and its θ. Throws invalid_input when the
/// settings are wrong.
[[nodiscard]] Strip dial_strip(const Settings& settings, const std::vector<double>& positions);

/// From the prompt (or seed) to the other end at each of `thetas`, labelled with θ. Throws as `dial_strip`.
[[nodiscard]] Strip interpolation_strip(const Settings& settings, const std::vector<double>& thetas);

/// "frame-007.png": the file of a strip's picture.
[[nodiscard]] std::string frame_name(std::size_t index);

/// Makes what is missing of the strips' frames in `folder`, then each strip's labelled `strip.png`. Returns
/// these sheets.
std::vector<Image> make_strips(const Pipeline& pipeline, const std::vector<Strip>& strips,
                               const std::filesystem::path& folder, const OutputOptions& output);

/// Where a strip goes when the user names no folder: "out/KIND-MODEL-PROMPT-STYLE-ID", the same for the same
/// strip.
[[nodiscard]] std::filesystem::path default_folder(const std::string& kind, const std::string& model,
                                                   const Strip& strip);

}  // namespace latentdial::cli
