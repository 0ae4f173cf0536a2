#pragma once

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>

#include "weights/test_files.h"

namespace latentdial::detail {

/// The embedded model in `folder`/scenes, but for one component's weights, of which the last `bytes` differ
/// in a low bit each, as after a little more training.
inline std::filesystem::path retrained_scenes(const std::filesystem::path& folder,
                                              const std::string& component, std::size_t bytes) {
  namespace fs = std::filesystem;
  const fs::path original = fs::path(LATENTDIAL_SOURCE_DIR) / "models" / "scenes", copy = folder / "scenes";
  fs::copy(original, copy, fs::copy_options::recursive);
  for (const auto& file : fs::directory_iterator(original / component)) {
    if (file.path().extension() != ".safetensors") continue;
    std::string content = testing::read_file(file.path());
    std::uint64_t header = 0;
    std::memcpy(&header, content.data(), sizeof header);
    for (std::size_t i = std::max(content.size() - bytes, sizeof header + header); i < content.size(); ++i)
      content[i] = static_cast<char>(content[i] ^ (i % 2 == header % 2 ? 1 : 0));
    testing::write_file(copy / component / file.path().filename(), content);
  }
  return copy;
}

}  // namespace latentdial::detail
