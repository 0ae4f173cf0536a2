#include "sweep/manifest.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "files/append_to_file.h"
#include "latentdial/error.h"
#include "latentdial/files.h"
#include "latentdial/parameters.h"

namespace latentdial::detail {
namespace {

using nlohmann::json;

}  // namespace

std::map<std::string, std::string> read_manifest(const std::filesystem::path& path) {
  std::map<std::string, std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto entry = json::parse(line, nullptr, false);
    if (!entry.is_object() || !entry.contains("file") || !entry["file"].is_string()) continue;
    lines.emplace(entry["file"].get<std::string>(), line);
  }
  return lines;
}

void replace_manifest(const std::filesystem::path& path, const std::string& lines) {
  try {
    write_file(path, lines);
  } catch (const Error& error) {
    throw invalid_input(error.field(), error.message());
  }
}

Manifest::Manifest(std::filesystem::path path, const std::set<std::string>& keep) : path_(std::move(path)) {
  std::string kept;
  for (const auto& [file, line] : read_manifest(path_)) {
    if (!keep.contains(file)) continue;
    listed_.insert(file);
    kept += line + "\n";
  }
  replace_manifest(path_, kept);
}

void Manifest::add(const JobResult& result, const std::string& model) {
  const json line = {{"file", result.file},
                     {"model", model},
                     {"seconds", result.seconds},
                     {"settings", json::parse(to_json(result.settings))}};
  append_to_file(path_, line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
  listed_.insert(result.file);
}

}  // namespace latentdial::detail
