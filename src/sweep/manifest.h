#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "latentdial/sweep.h"

namespace latentdial::detail {

/// The whole lines of a manifest about `pictures`, by the picture, the first of each; a line that was cut is
/// left out. Empty where there is no such file, or a link or something else in its place.
[[nodiscard]] std::map<std::string, std::string> read_manifest(const std::filesystem::path& path,
                                                               const std::set<std::string>& pictures);

/// Writes a manifest, whole or not at all. Throws invalid_input when the folder
/// cannot be written.
void replace_manifest(const std::filesystem::path& path, const std::string& lines);

/// The list of a folder's finished pictures: one JSON line each, written and synced whole.
class Manifest {
 public:
  /// Starts an empty one, or keeps of an earlier one the whole lines about `keep` (each once). Throws
  /// invalid_input when the folder cannot be written.
  Manifest(std::filesystem::path path, const std::set<std::string>& keep);

  [[nodiscard]] bool has(const std::string& file) const { return listed_.contains(file); }
  /// Appends a line. Throws io when the disk is full.
  void add(const JobResult& result, const std::string& model);

 private:
  std::filesystem::path path_;
  std::set<std::string> listed_;
};

}  // namespace latentdial::detail
