#include "vae_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "find_files.h"
#include "http.h"
#include "latentdial/error.h"
#include "latentdial/inspect.h"
#include "latentdial/messages.h"

namespace latentdial::server {
namespace {

namespace fs = std::filesystem;

const std::set<std::string> kEndings = {".safetensors", ".ckpt", ".pt", ".bin", ".gguf"};

}  // namespace

VaeList::VaeList(std::string folder) : folder_(std::move(folder)) {
  (void)paths();
}

std::map<std::string, std::string> VaeList::paths() const {
  std::map<std::string, std::string> paths;
  if (folder_.empty()) return paths;
  for (const std::string& path : find_files(folder_, kEndings, "config.json", "vae_dir"))
    paths.emplace(fs::path(path).filename().string(), path);
  return paths;
}

std::vector<std::string> VaeList::names() const {
  std::vector<std::string> names;
  for (const auto& [name, path] : paths()) names.push_back(name);
  return names;
}

std::string VaeList::find(const std::string& key, const Json& word) const {
  if (word.is_null() || word == "" || word == kOwn || word == "None") return kOwn;
  const auto all = names();
  const auto is_meant = [&](const std::string& name) {
    return word == name || word == fs::path(name).stem().string();
  };
  const auto found = std::ranges::find_if(all, is_meant);
  if (found != all.end()) return *found;
  throw invalid_input(
      key, all.empty()
               ? fmt::format("{} is not here: this server was given no VAEs (latentdial serve --vae-dir)",
                             quoted(word))
               : fmt::format("{} is not a VAE of this server; it has {}", quoted(word), some_names(all)));
}

ModelPtr VaeList::with(const ModelPtr& model, const std::string& key, const std::string& name) {
  if (name == kOwn) return model;
  const auto known = paths();
  const auto found = known.find(name);
  if (found == known.end())
    throw invalid_input(key, fmt::format("{} is not a VAE of this server any more", quoted(Json(name))));
  ServedModel other = *model;
  other.vae = name;
  other.options.vae = found->second;
  other.options.dials.clear();  // They belong to the weights that they were fitted on.
  try {
    const std::size_t stamp = stamp_of(found->second);
    const std::scoped_lock lock(mutex_);
    Made& made = made_[{model->name(), name}];
    if (made.base == model && made.stamp == stamp) return made.model;
    other.info = inspect_options(other.options);
    other.info.device = model->info.device;
    made = {model, stamp, std::make_shared<const ServedModel>(std::move(other))};
    return made.model;
  } catch (const Error& error) {
    throw Error(error.code(), key,
                fmt::format("{} does not go with {}: {}", name, model->name(),
                            other.without_places(error.message())));
  } catch (const fs::filesystem_error& error) {
    throw invalid_input(key, fmt::format("{} cannot be read: {}", name, error.code().message()));
  }
}

}  // namespace latentdial::server
