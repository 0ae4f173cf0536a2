#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "latentdial/pipeline.h"
#include "latentdial/settings.h"

namespace latentdial::server {

/// A model that requests may name, whether its weights are loaded or not.
struct ServedModel {
  ModelOptions options;   ///< What loads it.
  ModelInfo info;         ///< Known without its weights.
  std::string file;       ///< The name of its file or folder, without where that lies.
  std::string vae = {};   ///< Of the VaeList, in place of its own; "": its own.
  std::size_t stamp = 0;  ///< Another when its files have changed.

  /// As OpenAI's and our own API name it, and as pictures carry it.
  [[nodiscard]] const std::string& name() const { return info.name; }
  /// As A1111 names it: "NAME.safetensors [HASH]".
  [[nodiscard]] std::string title() const { return file + " [" + info.hash + "]"; }

  /// A message without the folders in which its files lie.
  [[nodiscard]] std::string without_places(std::string message) const;
};
using ModelPtr = std::shared_ptr<const ServedModel>;

/// Of a model's single file, or of all that lie in a folder: another number when they have changed. Throws
/// std::filesystem::filesystem_error.
[[nodiscard]] std::size_t stamp_of(const std::filesystem::path& path);

}  // namespace latentdial::server
