#include "files/descriptor.h"

#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace latentdial::detail {

Descriptor::~Descriptor() {
  if (fd >= 0) ::close(fd);
}

bool write_synced(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0;
}

}  // namespace latentdial::detail
