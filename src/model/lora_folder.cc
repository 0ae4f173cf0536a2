#include "model/lora_folder.h"

#include <fmt/ranges.h>

#include <map>
#include <set>

#include "text/require.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostNamed = 20;

/// The LoRA files below a folder by their names without endings; of two of one name the first by path.
std::map<std::string, fs::path> list_loras(const std::string& folder) {
  static const std::set<std::string> kEndings = {".safetensors", ".pt", ".ckpt", ".bin"};
  std::set<fs::path> paths;
  std::error_code fault;
  for (fs::recursive_directory_iterator at(folder, fs::directory_options::follow_directory_symlink, fault),
       end;
       !fault && at != end; at.increment(fault)) {
    std::error_code ignored;
    if (kEndings.contains(at->path().extension().string()) && at->is_regular_file(ignored))
      paths.insert(at->path());
  }
  require(!fault, "lora_dir", "the folder cannot be read: {}", fault.message());
  std::map<std::string, fs::path> by_name;
  for (const fs::path& path : paths) by_name.emplace(path.stem().string(), path);
  return by_name;
}

std::string names_of(const std::map<std::string, fs::path>& loras) {
  std::vector<std::string> names;
  for (const auto& [name, path] : loras)
    if (names.size() < kMostNamed) names.push_back(single_line(name));
  if (names.empty()) return "nothing";
  return fmt::format(
      "{}{}", fmt::join(names, ", "),
      loras.size() > names.size() ? fmt::format(" and {} more", loras.size() - names.size()) : "");
}

}  // namespace

std::vector<LoraUse> find_loras(const std::vector<LoraTag>& tags, const std::string& folder) {
  std::vector<LoraUse> uses;
  if (tags.empty()) return uses;
  require(!folder.empty(), "prompt",
          "<lora:{}> is looked for in a folder of LoRAs, but none was given by @(lora_dir)",
          single_line(tags.front().name));
  const auto loras = list_loras(folder);
  for (const LoraTag& tag : tags) {
    const auto found = loras.find(tag.name);
    require(found != loras.end(), "prompt", "there is no <lora:{}>; the folder of LoRAs has {}",
            single_line(tag.name), names_of(loras));
    std::error_code ignored;
    uses.push_back({found->second, fs::last_write_time(found->second, ignored),
                    fs::file_size(found->second, ignored), tag.scale});
  }
  return uses;
}

}  // namespace latentdial::detail
