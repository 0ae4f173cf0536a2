#include "files/is_below.h"

#include <algorithm>
#include <system_error>

namespace latentdial::detail {

bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::error_code no_folder, no_path;
  const fs::path outer = fs::canonical(folder, no_folder);
  const fs::path inner = fs::weakly_canonical(fs::absolute(path), no_path);
  return !no_folder && !no_path && std::ranges::mismatch(outer, inner).in1 == outer.end();
}

}  // namespace latentdial::detail
