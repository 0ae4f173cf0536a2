#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "latentdial/image.h"

namespace latentdial::server {

/// The bytes of base64 text, or of a data URL of it. Throws invalid_input naming `key`.
[[nodiscard]] std::string decode_base64(const std::string& key, std::string_view text);
[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// Removes what servers of this user have left that were killed with a job under way.
void remove_orphaned_uploads();

/// Pictures that came with a request, as files that only this process can read, gone with the last copy.
class Uploads {
 public:
  /// Decodes a PNG, JPEG or WebP and keeps its pixels; returns the path for Settings. `key` names it in
  /// messages. Throws invalid_input for anything else.
  std::string add(const std::string& key, std::string_view bytes);
  /// The same for a picture that is decoded already.
  std::string add(const Image& image);
  /// The message with the files' paths replaced.
  [[nodiscard]] std::string without_paths(std::string message) const;

 private:
  struct File;
  std::vector<std::shared_ptr<const File>> files_;
};

}  // namespace latentdial::server
