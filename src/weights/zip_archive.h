#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "files/mapped_file.h"

namespace latentdial::detail {

/// The table of contents of a zip file (PKWARE APPNOTE 6.3, zip64 included), read with every offset checked.
/// It is read here, beside libzip, because libzip does not tell where in the file an entry's data begin, and
/// PyTorch's tensors are stored uncompressed just so that they can be mapped.
class ZipArchive {
 public:
  struct Entry {
    std::uint64_t size = 0;             ///< Bytes when unpacked, as declared.
    std::uint64_t compressed_size = 0;  ///< Bytes in the file.
    std::uint64_t header = 0;           ///< Offset of the entry's local header.
    bool stored = false;                ///< Not compressed.
  };

  /// Throws invalid_input with one line when the file is not a whole zip file.
  explicit ZipArchive(std::shared_ptr<const MappedFile> file);

  [[nodiscard]] const std::map<std::string, Entry>& entries() const { return entries_; }
  /// The bytes of a stored entry, in the mapping. Their checksum is not computed: that would read the whole
  /// model.
  [[nodiscard]] std::span<const std::byte> stored_bytes(const std::string& name) const;
  /// The bytes of any entry, unpacked and checksummed by libzip. The caller has bounded the entry's declared
  /// size.
  [[nodiscard]] std::vector<std::byte> unpack(const std::string& name) const;

 private:
  [[noreturn]] void fail(const std::string& what) const;
  [[nodiscard]] std::uint64_t number(std::uint64_t at, std::size_t bytes) const;
  void read_directory();
  std::uint64_t read_entry(std::uint64_t at);
  void read_zip64_extra(std::uint64_t at, std::uint64_t end, Entry& entry) const;

  std::shared_ptr<const MappedFile> file_;
  std::map<std::string, Entry> entries_;
};

}  // namespace latentdial::detail
