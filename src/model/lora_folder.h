#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "prompt/lora_tags.h"

namespace latentdial::detail {

/// A LoRA file as it is now, and how much of it is added.
struct LoraUse {
  std::filesystem::path path;
  std::filesystem::file_time_type written = {};
  std::uintmax_t size = 0;
  double scale = 1;
  std::string field = "prompt";  ///< The setting that names it, for messages.

  /// Whether the same is added, whatever names it.
  bool operator==(const LoraUse& other) const {
    return path == other.path && written == other.written && size == other.size && scale == other.scale;
  }
};

/// A file that need not lie in a folder of LoRAs. Whether it is one is found when it is opened.
[[nodiscard]] LoraUse use_of_file(const std::filesystem::path& path, double scale, const std::string& field);

/// The LoRA files of a folder (ModelOptions::lora_dir), and of those in it, by their names without endings;
/// of two of one name the first by path. Listed again when a folder changes. Thread-safe.
class LoraFolder {
 public:
  /// Empty: none was given.
  explicit LoraFolder(std::string folder) : folder_(std::move(folder)) {}

  /// The files that `field` names. A name is only compared with those of files that are there. Throws
  /// invalid_input of the field naming what is there, and of "lora_dir" for a folder that cannot be read,
  /// without its path.
  [[nodiscard]] std::vector<LoraUse> find(const std::vector<LoraTag>& tags, const std::string& field);
  /// The hash (weights/lora_hash.h) of a name's file; empty where there is none. Throws invalid_input where
  /// it cannot be read.
  [[nodiscard]] std::string hash_of(const std::string& name);
  /// The name of a file with this hash; empty where there is none. Reads every file.
  [[nodiscard]] std::string name_of(const std::string& hash);
  /// "NAME: HASH, …" of files, each read once for as long as it stays what it is.
  [[nodiscard]] std::string hashes_of(const std::vector<LoraUse>& loras);
  /// The file names of all, by their names without endings. Throws invalid_input of "lora_dir" as `find`.
  [[nodiscard]] std::vector<std::string> files();
  /// How often the folder was listed.
  [[nodiscard]] int listings() const;

 private:
  using Paths = std::map<std::string, std::filesystem::path>;
  [[nodiscard]] bool is_listed() const;
  void list();

  std::string folder_;
  mutable std::mutex mutex_;
  Paths loras_;
  std::map<std::filesystem::path, std::filesystem::file_time_type> folders_;  ///< As they were then.
  int listings_ = 0;
  std::vector<std::pair<LoraUse, std::string>> hashes_;
};

}  // namespace latentdial::detail
