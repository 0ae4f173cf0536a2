#include "files/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "files/descriptor.h"

namespace latentdial::detail {
namespace {

/// Fills `bytes` from the file; false where that fails or the file has become shorter.
bool read_all(int fd, std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const auto read = ::read(fd, bytes.data() + done, bytes.size() - done);
    if (read < 0 && errno == EINTR) continue;
    if (read == 0) errno = EIO;
    if (read <= 0) return false;
    done += static_cast<std::size_t>(read);
  }
  return true;
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::uintmax_t largest, std::error_code& fault,
                      Links links) {
  fault.clear();
  const int follow = links == Links::follow ? 0 : O_NOFOLLOW;
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | follow)};
  struct stat status {};
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0) {
    fault = {errno, std::generic_category()};
  } else if (!S_ISREG(status.st_mode)) {
    fault = make_error_code(S_ISDIR(status.st_mode) ? std::errc::is_a_directory : std::errc::not_supported);
  } else if (static_cast<std::uintmax_t>(status.st_size) > largest) {
    fault = make_error_code(std::errc::file_too_large);
  }
  if (fault) return {};
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  if (read_all(file.fd, bytes)) return bytes;
  fault = {errno, std::generic_category()};
  return {};
}

}  // namespace latentdial::detail
