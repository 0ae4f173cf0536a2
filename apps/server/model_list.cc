#include "model_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <utility>

#include "find_files.h"
#include "latentdial/error.h"
#include "latentdial/messages.h"

namespace latentdial::server {
namespace {

namespace fs = std::filesystem;

const std::set<std::string> kEndings = {".safetensors", ".ckpt", ".gguf"};

/// What clients may know of where a model lies. With LoRAs it is no file's.
std::string file_of(const ModelInfo& info) {
  const fs::path path = info.path;
  const bool is_file = info.loras.empty() && !fs::is_directory(path);
  return is_file ? path.filename().string() : info.name;
}

ServedModel main_model(const ModelOptions& options, const ModelInfo& info) {
  return {.options = options, .info = info, .file = file_of(info)};
}

}  // namespace

ModelList::ModelList(const ModelOptions& options, const ModelInfo& main, std::string folder, Log log)
    : folder_(std::move(folder)),
      log_(std::move(log)),
      main_(std::make_shared<const ServedModel>(main_model(options, main))),
      models_{main_} {
  refresh();
}

void ModelList::refresh() {
  if (folder_.empty()) return;
  const std::unique_lock one_at_a_time(refreshing_, std::try_to_lock);
  if (!one_at_a_time) return;  // Nobody's thread waits for another's look.
  std::vector<ModelPtr> found = {main_};
  for (const std::string& path : find_files(folder_, kEndings, "model_index.json", "models")) {
    std::error_code ignored;
    if (fs::equivalent(path, main_->info.path, ignored)) continue;
    const ModelPtr model = look_at(path);
    if (!model) continue;
    const auto same = std::ranges::find(found, model->name(), &ServedModel::name);
    if (same == found.end())
      found.push_back(model);
    else
      tell_once(fmt::format("--models: {} is left out: {} is called {} too; rename one", path,
                            (*same)->info.path, model->name()));
  }
  const std::scoped_lock lock(mutex_);
  models_ = std::move(found);
}

/// Null for what cannot be read. What has not changed is not read again.
ModelPtr ModelList::look_at(const std::string& path) {
  std::size_t stamp = 0;
  try {
    stamp = stamp_of(path);
  } catch (const fs::filesystem_error&) {  // It went while it was looked at.
    return nullptr;
  }
  const auto known = looked_.find(path);
  if (known != looked_.end() && known->second.stamp == stamp) return known->second.model;
  const ModelPtr model = inspect(path, stamp);
  looked_[path] = {stamp, model};
  return model;
}

ModelPtr ModelList::inspect(const std::string& path, std::size_t stamp) {
  const ModelOptions& of_main = main_->options;
  try {
    ServedModel model;
    model.options.model = path;
    model.info = inspect_model(path, of_main.dtype);
    model.stamp = stamp;
    if (model.info.hash.empty())
      throw invalid_input("no tokenizer is found for it, so that it makes no pictures");
    model.options.lora_dir = of_main.lora_dir;
    model.options.dtype = of_main.dtype;
    model.options.threads = of_main.threads;
    model.info.device = main_->info.device;
    model.file = file_of(model.info);
    return std::make_shared<const ServedModel>(std::move(model));
  } catch (const std::exception& error) {
    log_(fmt::format("--models: {} is left out: {}", path, error.what()));
    return nullptr;
  }
}

void ModelList::tell_once(const std::string& line) {
  if (told_.insert(line).second) log_(line);
}

std::vector<ModelPtr> ModelList::all() const {
  const std::scoped_lock lock(mutex_);
  return models_;
}

ModelPtr ModelList::find(std::string_view word) const {
  const std::scoped_lock lock(mutex_);
  const auto named = std::ranges::find(models_, word, &ServedModel::name);
  if (named != models_.end()) return *named;
  const auto other = std::ranges::find_if(models_, [&](const ModelPtr& model) {
    return word == model->file || word == model->title() || word == model->info.hash;
  });
  return other == models_.end() ? nullptr : *other;
}

std::string ModelList::names() const {
  std::vector<std::string> names;
  for (const ModelPtr& model : all()) names.push_back(model->name());
  return some_names(names);
}

}  // namespace latentdial::server
