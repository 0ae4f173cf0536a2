#include "files/data_files.h"

#include <dlfcn.h>

#include <cstdlib>
#include <system_error>

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

constexpr int kFoldersAbove =
    4;  // site-packages/latentdial is four below the environment that it belongs to.

/// The shared library that holds this code; empty in a program, of which dladdr knows only argv[0].
fs::path this_library() {
  static const char inside = 0;
  Dl_info info = {};
  std::error_code ignored;
  if (dladdr(&inside, &info) == 0 || !fs::path(info.dli_fname).is_absolute()) return {};
  return fs::canonical(info.dli_fname, ignored);
}

std::optional<fs::path> find_near(const fs::path& binary, const fs::path& name) {
  std::error_code ignored;
  fs::path folder = binary;
  for (int i = 0; i <= kFoldersAbove && folder.has_relative_path(); ++i) {
    folder = folder.parent_path();
    const fs::path file = folder / "share" / "latentdial" / name;
    if (fs::exists(file, ignored)) return file;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

std::optional<fs::path> find_data_file(const fs::path& name) {
  std::error_code ignored;
  if (const auto beside_library = find_near(this_library(), name)) return beside_library;
  return find_near(fs::read_symlink("/proc/self/exe", ignored), name);
}

}  // namespace latentdial::detail
