#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "latentdial/sweep.h"

namespace latentdial {

/// The file `manifest.jsonl` of a folder: one JSON line per finished picture, each written and synced whole.
class Manifest {
 public:
  /// Starts an empty one, or keeps of an earlier one the whole lines about `keep` (each once). Throws
  /// invalid_input when the folder cannot be written.
  Manifest(const std::filesystem::path& folder, const std::set<std::string>& keep);

  [[nodiscard]] bool has(const std::string& file) const { return listed_.contains(file); }
  /// Appends a line. Throws io when the disk is full.
  void add(const JobResult& result, const std::string& model);

 private:
  std::filesystem::path path_;
  std::set<std::string> listed_;
};

}  // namespace latentdial
