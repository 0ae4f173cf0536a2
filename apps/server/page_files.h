#pragma once

#include <span>
#include <string_view>

namespace latentdial::server {

/// A file of apps/server/page, put into the program by cmake/Embed.cmake.
struct PageFile {
  std::string_view name;
  std::string_view bytes;
};
[[nodiscard]] std::span<const PageFile> page_files();

}  // namespace latentdial::server
