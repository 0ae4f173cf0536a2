#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/image.h"

namespace latentdial::server {

/// The bytes of base64 text, or of a data URL of it. Throws invalid_input of the field `key`.
[[nodiscard]] std::string decode_base64(const std::string& key, std::string_view text);
[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// Removes what servers of this user have left that were killed with a job under way.
void remove_orphaned_uploads();

/// Pictures that came with a request, as files that only this process can read, gone with the last copy.
class Uploads {
 public:
  /// Decodes a PNG, JPEG or WebP and keeps its pixels; returns the path for Settings. Throws
  /// invalid_input of the field `key` for anything else.
  std::string add(const std::string& key, std::string_view bytes);
  /// The same for a picture that is decoded already.
  std::string add(const Image& image);
  /// The error with the files' paths replaced in its message.
  [[nodiscard]] Error without_paths(const Error& error) const;

 private:
  struct File;
  std::vector<std::shared_ptr<const File>> files_;
};

}  // namespace latentdial::server
