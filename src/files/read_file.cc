#include "files/read_file.h"

#include <cerrno>
#include <cstddef>
#include <fstream>

namespace latentdial::detail {

std::string read_file(const std::filesystem::path& path, std::uintmax_t largest, std::error_code& fault) {
  const auto size = std::filesystem::file_size(path, fault);
  if (!fault && size > largest) fault = make_error_code(std::errc::file_too_large);
  if (fault) return {};
  std::string bytes(static_cast<std::size_t>(size), '\0');
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (file.read(bytes.data(), static_cast<std::streamsize>(size))) return bytes;
  fault = errno != 0 ? std::error_code(errno, std::generic_category())
                     : make_error_code(std::errc::io_error);  // It became shorter.
  return {};
}

}  // namespace latentdial::detail
