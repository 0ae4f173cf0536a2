#include "find_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "latentdial/error.h"

namespace latentdial::server {

namespace fs = std::filesystem;

namespace {

constexpr int kDeepest = 8;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

}  // namespace

std::set<std::string> find_files(const std::string& folder, const std::set<std::string>& endings,
                                 const char* marker, const char* setting) {
  std::set<std::string> paths;
  try {
    constexpr auto kWays =
        fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
    fs::recursive_directory_iterator at(folder, kWays), end;
    for (; at != end; ++at) {
      const fs::path& path = at->path();
      const bool is_marked = is_file(path / marker);
      if (is_marked || at.depth() == kDeepest) at.disable_recursion_pending();
      if (is_marked || (endings.contains(path.extension().string()) && is_file(path)))
        paths.insert(path.string());
    }
  } catch (const fs::filesystem_error& error) {
    throw invalid_input(setting, fmt::format("the folder cannot be read: {}", error.code().message()));
  }
  return paths;
}

}  // namespace latentdial::server
