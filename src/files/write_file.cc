#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "files/append_to_file.h"
#include "files/descriptor.h"
#include "files/temporary_name.h"
#include "latentdial/error.h"
#include "latentdial/files.h"

namespace latentdial {

using namespace detail;
namespace {

namespace fs = std::filesystem;

constexpr mode_t kMode = 0666;  // Less what the umask takes.

Error fault(const fs::path& path) {
  return {ErrorCode::io, fmt::format("{} cannot be written: {}", path.string(),
                                     std::error_code(errno, std::generic_category()).message())};
}

void give_name(const fs::path& temporary, const fs::path& path) {
  if (::rename(temporary.c_str(), path.c_str()) == 0) return;
  const Error error = fault(path);
  ::unlink(temporary.c_str());
  throw error;
}

/// Whether the file system and /proc let the file be written without a name and named then.
bool write_unnamed(const fs::path& path, std::string_view bytes) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const Descriptor file{::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode)};
  if (file.fd < 0) return false;
  if (!write_synced(file.fd, bytes)) throw fault(path);
  const auto link_to = [held = fmt::format("/proc/self/fd/{}", file.fd)](const fs::path& name) {
    return ::linkat(AT_FDCWD, held.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  };
  if (link_to(path)) return true;
  const fs::path temporary = temporary_name(path);  // A link never replaces a file.
  if (errno != EEXIST || !link_to(temporary)) return false;
  give_name(temporary, path);
  return true;
}

void write_named(const fs::path& path, std::string_view bytes) {
  const fs::path temporary = temporary_name(path);
  const Descriptor file{
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode)};
  if (file.fd < 0) throw fault(path);
  if (!write_synced(file.fd, bytes)) {
    const Error error = fault(path);
    ::unlink(temporary.c_str());
    throw error;
  }
  give_name(temporary, path);
}

}  // namespace

namespace detail {

void append_to_file(const fs::path& path, std::string_view bytes) {
  const Descriptor file{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, kMode)};
  if (file.fd < 0 || !write_synced(file.fd, bytes)) throw fault(path);
}

}  // namespace detail

void write_file(const fs::path& path, std::string_view bytes) {
  std::error_code ignored;
  // A rename would put a file in the place of a device such as /dev/null.
  if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored))
    throw Error(ErrorCode::io, fmt::format("{} cannot be written: it is no regular file", path.string()));
  if (!write_unnamed(path, bytes)) write_named(path, bytes);
}

bool take_name(const fs::path& path) {
  const Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode)};
  if (file.fd < 0 && errno != EEXIST) throw fault(path);
  return file.fd >= 0;
}

}  // namespace latentdial
