#include "files/temporary_name.h"

#include <fmt/format.h>

#include <random>
#include <string_view>

namespace latentdial::detail {
namespace {

constexpr std::string_view kEnding = ".tmp";

}  // namespace

std::filesystem::path temporary_name(const std::filesystem::path& path) {
  std::random_device random;
  return path.parent_path() /
         fmt::format(".{}.{:08x}{:08x}{}", path.filename().string(), random(), random(), kEnding);
}

std::string written_name(std::string temporary) {
  if (!temporary.ends_with(kEnding)) return "";
  temporary.resize(temporary.size() - kEnding.size());
  return temporary.starts_with('.') ? temporary.substr(1, temporary.rfind('.') - 1) : temporary;
}

}  // namespace latentdial::detail
