#include "sweep/manifest.h"

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "files/append_to_file.h"
#include "files/read_file.h"
#include "latentdial/error.h"
#include "latentdial/files.h"
#include "latentdial/json.h"
#include "latentdial/parameters.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

using nlohmann::json;

constexpr std::uintmax_t kLargestManifest = std::uintmax_t{4} << 30;
constexpr std::size_t kLongestEntry = 1u << 20;

}  // namespace

std::map<std::string, std::string> read_manifest(const std::filesystem::path& path,
                                                 const std::set<std::string>& pictures) {
  std::map<std::string, std::string> lines;
  std::error_code ignored;
  const std::string text = read_file(path, kLargestManifest, ignored, Links::refuse);
  for (const std::string_view line : split(text, '\n')) {
    const auto entry = line.size() > kLongestEntry ? std::nullopt : try_parse_json<json>(line);
    if (!entry || !entry->is_object()) continue;
    const auto file = entry->find("file");
    if (file == entry->end() || !file->is_string()) continue;
    if (const auto& name = file->get_ref<const std::string&>(); pictures.contains(name))
      lines.emplace(name, line);
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
  for (const auto& [file, line] : read_manifest(path_, keep)) {
    listed_.insert(file);
    kept += line + "\n";
  }
  replace_manifest(path_, kept);
}

void Manifest::add(const JobResult& result, const std::string& model) {
  const json line = {{"file", result.file},
                     {"model", model},
                     {"seconds", result.seconds},
                     {"settings", parse_json<json>(to_json(result.settings))}};
  append_to_file(path_, json_line(line) + "\n");
  listed_.insert(result.file);
}

}  // namespace latentdial::detail
