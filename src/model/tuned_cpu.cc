#include "model/tuned_cpu.h"

#include <filesystem>
#include <string>

#include "files/data_files.h"
#include "files/json_file.h"
#include "latentdial/error.h"
#include "latentdial/files.h"
#include "latentdial/version.h"
#include "ops/cpu_backend.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kLargestFile = 1 << 16;

/// latentdial/cpu.json in $XDG_CACHE_HOME or ~/.cache; empty where neither is set.
std::filesystem::path tuned_cpu_path() {
  std::filesystem::path folder = environment("XDG_CACHE_HOME").value_or("");
  if (!folder.is_absolute()) {  // The specification of XDG: relative ones are to be ignored.
    const auto home = environment("HOME");
    if (!home) return {};
    folder = std::filesystem::path(*home) / ".cache";
  }
  return folder / "latentdial" / "cpu.json";
}

/// The processor that the figures are of, and the program.
nlohmann::json measured_on() {
  return {{"cpu", ops::cpu_name()}, {"instructions", ops::cpu_instruction_set()}, {"version", kVersion}};
}

[[noreturn]] void refuse(const std::filesystem::path& path) {
  throw invalid_input(path.string(), "is not what `latentdial info --cpu --tune` writes: delete it");
}

std::vector<LayerMultiplier> multipliers(const nlohmann::json& file, const std::filesystem::path& path) {
  std::vector<LayerMultiplier> result;
  const auto layers = file.find("multiplied_by");
  if (layers == file.end() || !layers->is_object()) refuse(path);
  for (const auto& [layer, value] : layers->items()) {
    if (!value.is_object() || !value.contains("by") || !value["by"].is_string() ||
        !value.contains("because") || !value["because"].is_string()) {
      refuse(path);
    }
    result.push_back({layer, value["by"], value["because"]});
    if (!ops::can_multiply(result.back())) refuse(path);
  }
  return result;
}

}  // namespace

std::vector<LayerMultiplier> read_tuned_cpu() {
  const auto path = tuned_cpu_path();
  std::error_code nothing;
  if (path.empty() || !std::filesystem::exists(path, nothing)) return {};
  const auto file = read_json_object(path, kLargestFile);
  if (!file.contains("measured_on")) refuse(path);
  return file["measured_on"] == measured_on() ? multipliers(file, path) : std::vector<LayerMultiplier>();
}

void write_tuned_cpu(const std::vector<LayerMultiplier>& measured) {
  const auto path = tuned_cpu_path();
  if (path.empty())
    throw invalid_input("tune", "there is no folder to keep it in: set XDG_CACHE_HOME or HOME");
  nlohmann::json layers = nlohmann::json::object();
  for (const auto& [layer, by, because] : measured) layers[layer] = {{"by", by}, {"because", because}};
  std::error_code failure;
  std::filesystem::create_directories(path.parent_path(), failure);  // Else write_file says what is wrong.
  write_file(path, nlohmann::json{{"measured_on", measured_on()}, {"multiplied_by", layers}}.dump(1) + "\n");
}

}  // namespace latentdial::detail
