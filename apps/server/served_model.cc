#include "served_model.h"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <set>
#include <system_error>

#include "latentdial/messages.h"

namespace latentdial::server {

namespace fs = std::filesystem;

std::string ServedModel::without_places(std::string message) const {
  const auto forget = [&](const std::string& path) {
    const auto folder = fs::path(path).parent_path();
    if (!folder.empty()) replace_all(message, (folder / "").string(), "");
  };
  for (const std::string* path : {&info.path, &options.unet, &options.vae, &options.refiner, &options.taesd})
    forget(*path);
  for (const auto* list : {&options.lora, &options.embedding, &options.dials})
    std::ranges::for_each(*list, forget);
  return message;
}

std::size_t stamp_of(const fs::path& path) {
  std::size_t stamp = 0;
  const auto add = [&stamp](const fs::path& file) {
    std::error_code ignored;
    boost::hash_combine(stamp, file.string());
    boost::hash_combine(stamp, fs::file_size(file, ignored));
    boost::hash_combine(stamp, fs::last_write_time(file, ignored).time_since_epoch().count());
  };
  if (!fs::is_directory(path)) {
    add(path);
    return stamp;
  }
  std::set<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file()) files.insert(entry.path());
  std::ranges::for_each(files, add);
  return stamp;
}

}  // namespace latentdial::server
