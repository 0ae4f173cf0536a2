#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace latentdial::detail {

/// A regular file mapped read-only for as long as the object lives.
class MappedFile {
 public:
  /// Throws invalid_input when `path` is missing, is not a regular file, cannot be read or is empty.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile(std::filesystem::path path, const std::byte* data, std::size_t size);

  std::filesystem::path path_;
  const std::byte* data_;
  std::size_t size_;
};

/// Gives the pages around [data, data + size) back to the system when they belong to a MappedFile: what was
/// copied out of a file need not count as our memory too. A later read fetches them again. Does nothing for
/// any other memory.
void release_mapped_pages(const std::byte* data, std::size_t size);

}  // namespace latentdial::detail
