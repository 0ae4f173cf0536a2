#include "weights/lora_adapter.h"

#include <fmt/format.h>

#include <string_view>

#include "files/json_file.h"
#include "latentdial/error.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

using nlohmann::ordered_json;

/// A pattern of PEFT's is a regular expression. In use are names, whose dots may be escaped and whose
/// beginning and end marked.
std::string name_in(const std::string& file, const std::string& pattern) {
  std::string name;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    const bool is_mark = (c == '^' && i == 0) || (c == '$' && i + 1 == pattern.size());
    const bool is_escape = c == '\\' && i + 1 < pattern.size() && pattern[i + 1] == '.';
    if (is_mark || is_escape) continue;
    if (std::string_view("\\*+?()[]{}|^$").find(c) != std::string_view::npos)
      throw invalid_input(
          fmt::format("{}: {} of its alpha_pattern is no layer's name, and expressions are not "
                      "read",
                      file, printable(pattern)));
    name.push_back(c);
  }
  return name;
}

bool ends_with_parts(const std::string& module, const std::string& name) {
  return module == name || module.ends_with("." + name);
}

}  // namespace

LoraAdapter::LoraAdapter(const std::filesystem::path& lora,
                         const std::map<std::string, std::string>& metadata)
    : name_(lora.string()) {
  if (const auto found = metadata.find("lora_adapter_metadata"); found != metadata.end()) {
    auto read = try_parse_json<ordered_json>(found->second, kConfigLimits).value_or(nullptr);
    if (read.is_object()) config_ = std::move(read);
    return;
  }
  const auto beside = lora.parent_path() / "adapter_config.json";
  std::error_code ignored;
  if (lora.stem() != "adapter_model" || !std::filesystem::exists(beside, ignored)) return;
  config_ = read_json_object(beside);
  by_component_ = false;
}

LoraScaling LoraAdapter::scaling(const std::string& component, const std::string& module) const {
  const auto value = [&](const std::string& key) {
    const auto found = config_.find(by_component_ ? component + "." + key : key);
    return found == config_.end() ? ordered_json() : *found;
  };
  LoraScaling result;
  const ordered_json by_root = value("use_rslora"), alpha = value("lora_alpha"),
                     pattern = value("alpha_pattern");
  result.by_root = by_root.is_boolean() && by_root.get<bool>();
  if (alpha.is_number()) result.alpha = alpha.get<double>();
  if (!pattern.is_object()) return result;
  for (const auto& [key, own] : pattern.items()) {
    if (!ends_with_parts(module, name_in(name_, key)) || !own.is_number()) continue;
    result.alpha = own.get<double>();
    break;
  }
  return result;
}

}  // namespace latentdial::detail
