#include "model/lora_folder.h"

#include <algorithm>
#include <set>

#include "latentdial/error.h"
#include "latentdial/messages.h"
#include "latentdial/pipeline.h"
#include "text/require.h"
#include "text/words.h"
#include "weights/lora_hash.h"

namespace latentdial {
namespace detail {
namespace {

namespace fs = std::filesystem;

std::string names_of(const std::map<std::string, fs::path>& loras) {
  std::vector<std::string> names;
  for (const auto& [name, path] : loras) names.push_back(name);
  return names.empty() ? "nothing" : some_names(names);
}

/// As the user wrote it, but for the scale.
std::string as_written(const std::string& name, const std::string& field) {
  const std::string line = single_line(name);
  return field == "prompt" ? "<lora:" + line + ">" : field == "style" ? "lora:" + line : line;
}

}  // namespace

LoraUse use_of_file(const fs::path& path, double scale, const std::string& field) {
  std::error_code ignored;
  return {path, fs::last_write_time(path, ignored), fs::file_size(path, ignored), scale, field};
}

std::vector<LoraUse> LoraFolder::find(const std::vector<LoraTag>& tags, const std::string& field) {
  std::vector<LoraUse> uses;
  if (tags.empty()) return uses;
  require(!folder_.empty(), field, "{} is looked for in a folder of LoRAs, but none was given by @(lora_dir)",
          as_written(tags.front().name, field));
  const std::scoped_lock lock(mutex_);
  const auto has = [&](const LoraTag& tag) { return loras_.contains(tag.name); };
  // A file that came within a tick of the clock after the listing leaves no trace on the folder.
  if (!is_listed() || !std::ranges::all_of(tags, has)) list();
  for (const LoraTag& tag : tags) {
    const auto found = loras_.find(tag.name);
    require(found != loras_.end(), field, "there is no {}; the folder of LoRAs has {}",
            as_written(tag.name, field), names_of(loras_));
    uses.push_back(use_of_file(found->second, tag.scale, field));
  }
  return uses;
}

std::string LoraFolder::hash_of(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  if (!folder_.empty() && !is_listed()) list();
  const auto found = loras_.find(name);
  return found == loras_.end() ? "" : lora_hash(found->second);
}

std::string LoraFolder::name_of(const std::string& hash) {
  const std::scoped_lock lock(mutex_);
  if (!folder_.empty() && !is_listed()) list();
  const auto has_hash = [&](const auto& lora) {
    try {
      return lora_hash(lora.second) == hash;
    } catch (const Error&) {  // No LoRA, whatever it is.
      return false;
    }
  };
  const auto found = std::ranges::find_if(loras_, has_hash);
  return found == loras_.end() ? "" : found->first;
}

std::string LoraFolder::hashes_of(const std::vector<LoraUse>& loras) {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> list;
  for (LoraUse lora : loras) {
    lora.scale = 1;  // Which the hash is not of.
    auto known = std::ranges::find(hashes_, lora, &std::pair<LoraUse, std::string>::first);
    if (known == hashes_.end()) {
      std::erase_if(hashes_, [&](const auto& one) { return one.first.path == lora.path; });
      known = hashes_.insert(hashes_.end(), {lora, lora_hash(lora.path)});
    }
    list.push_back(fmt::format("{}: {}", lora.path.stem().string(), known->second));
  }
  return fmt::format("{}", fmt::join(list, ", "));
}

std::vector<std::string> LoraFolder::files() {
  const std::scoped_lock lock(mutex_);
  if (!folder_.empty() && !is_listed()) list();
  std::vector<std::string> files;
  for (const auto& [name, path] : loras_) files.push_back(path.filename().string());
  return files;
}

int LoraFolder::listings() const {
  const std::scoped_lock lock(mutex_);
  return listings_;
}

bool LoraFolder::is_listed() const {
  return !folders_.empty() && std::ranges::all_of(folders_, [](const auto& folder) {
    std::error_code fault;
    return fs::last_write_time(folder.first, fault) == folder.second && !fault;
  });
}

void LoraFolder::list() {
  ++listings_;
  loras_.clear();
  folders_.clear();
  std::set<fs::path> paths;
  std::error_code fault, ignored;
  const auto note = [&](const fs::path& folder) { folders_[folder] = fs::last_write_time(folder, ignored); };
  note(folder_);
  for (fs::recursive_directory_iterator at(folder_, fs::directory_options::follow_directory_symlink, fault),
       end;
       !fault && at != end; at.increment(fault)) {
    if (at->is_directory(ignored)) note(at->path());
    const std::string ending = at->path().extension().string();
    if (std::ranges::find(lora_endings(), ending) != lora_endings().end() && at->is_regular_file(ignored))
      paths.insert(at->path());
  }
  require(!fault, "lora_dir", "the folder cannot be read: {}", fault.message());
  for (const fs::path& path : paths) loras_.emplace(path.stem().string(), path);
}

}  // namespace detail

std::vector<std::string> list_lora_files(const std::string& folder) {
  return detail::LoraFolder(folder).files();
}

}  // namespace latentdial
