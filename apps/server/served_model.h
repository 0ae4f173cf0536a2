#pragma once

#include <cstddef>
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
  std::size_t stamp = 0;  ///< Another when its files have changed.

  /// As OpenAI's and our own API name it, and as pictures carry it.
  [[nodiscard]] const std::string& name() const { return info.name; }
  /// As A1111 names it: "NAME.safetensors [HASH]".
  [[nodiscard]] std::string title() const { return file + " [" + info.hash + "]"; }
};
using ModelPtr = std::shared_ptr<const ServedModel>;

}  // namespace latentdial::server
