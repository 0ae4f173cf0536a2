#include "files/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "files/descriptor.h"
#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

// All live mappings, begin → end. Never destroyed: a mapping may live in static storage.
struct Mappings {
  std::mutex mutex;
  std::map<const std::byte*, const std::byte*> ranges;
};

Mappings& mappings() {
  static auto* instance = new Mappings;
  return *instance;
}

Error unreadable(const std::filesystem::path& path) {
  return invalid_input(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status {};
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0) throw unreadable(path);
  if (S_ISDIR(status.st_mode)) {
    throw invalid_input(fmt::format("{}: is a folder where a file is needed", path.string()));
  }
  if (!S_ISREG(status.st_mode)) {
    throw invalid_input(fmt::format("{}: is not a regular file; a model file is needed", path.string()));
  }
  if (status.st_size == 0) {
    throw invalid_input(fmt::format("{}: is empty (0 bytes); a model file is needed", path.string()));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.fd, 0);
  if (data == MAP_FAILED) throw unreadable(path);
  return std::shared_ptr<const MappedFile>(new MappedFile(path, static_cast<const std::byte*>(data), size));
}

MappedFile::MappedFile(std::filesystem::path path, const std::byte* data, std::size_t size)
    : path_(std::move(path)), data_(data), size_(size) {
  const std::scoped_lock lock(mappings().mutex);
  mappings().ranges.emplace(data_, data_ + size_);
}

MappedFile::~MappedFile() {
  const std::scoped_lock lock(mappings().mutex);
  mappings().ranges.erase(data_);
  ::munmap(const_cast<std::byte*>(data_), size_);  // NOLINT: munmap takes void*.
}

void release_mapped_pages(const std::byte* data, std::size_t size) {
  // The kernel maps neighbouring pages along with a touched one ("fault around", 64 KiB): release as widely.
  constexpr std::size_t kAround = 1u << 16;
  const std::scoped_lock lock(mappings().mutex);
  auto found = mappings().ranges.upper_bound(data);
  if (found == mappings().ranges.begin()) return;
  const auto [begin, end] = *--found;
  if (data >= end || size > static_cast<std::size_t>(end - data)) return;
  const auto from = static_cast<std::size_t>(data - begin) / kAround * kAround;
  const auto to = std::min(static_cast<std::size_t>(data - begin) + size + kAround,
                           static_cast<std::size_t>(end - begin));
  ::madvise(const_cast<std::byte*>(begin + from), to - from, MADV_DONTNEED);  // NOLINT: madvise takes void*.
}

}  // namespace latentdial::detail
