#pragma once

#include <string_view>

namespace latentdial::detail {

/// An open file of the system, closed with the object; −1: none.
struct Descriptor {
  int fd;
  explicit Descriptor(int number) : fd(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
};

/// Writes all bytes and waits until they are on the disk. False, and errno says why, when that fails.
[[nodiscard]] bool write_synced(int fd, std::string_view bytes);

}  // namespace latentdial::detail
