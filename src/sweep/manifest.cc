#include "sweep/manifest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "latentdial/error.h"
#include "latentdial/parameters.h"

namespace latentdial {
namespace {

using nlohmann::json;

Error write_fault(const std::filesystem::path& path) {
  return {ErrorCode::io, fmt::format("{} cannot be written: {}", path.string(), std::strerror(errno))};
}

/// Writes all of `text` and syncs it, or throws.
void write_synced(const std::filesystem::path& path, std::string_view text, int flags) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
  if (file < 0) throw write_fault(path);
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const Error fault = write_fault(path);
      ::close(file);
      throw fault;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  const bool synced = ::fsync(file) == 0;
  if (::close(file) != 0 || !synced) throw write_fault(path);
}

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
  auto temporary = path;
  temporary += ".tmp";
  try {
    write_synced(temporary, lines, O_TRUNC);
    std::filesystem::rename(temporary, path);
  } catch (const std::filesystem::filesystem_error& error) {
    throw invalid_input(fmt::format("{} cannot be written: {}", path.string(), error.code().message()));
  } catch (const Error& error) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
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
  write_synced(path_, line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n", O_APPEND);
  listed_.insert(result.file);
}

}  // namespace latentdial
