#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace latentdial::detail {

/// What ΔW of a layer that has no alpha of its own is scaled by: γ = alpha / rank, or alpha / √rank.
struct LoraScaling {
  std::optional<double> alpha = {};  ///< None: γ is 1.
  bool by_root = false;              ///< rsLoRA (Kalajdzievski 2023, arXiv 2312.03732).
};

/// What PEFT leaves out of its tensors: how each layer is scaled. diffusers writes it into the metadata, as
/// "lora_adapter_metadata", by components; PEFT into adapter_config.json beside adapter_model.safetensors.
class LoraAdapter {
 public:
  /// Throws invalid_input where adapter_config.json cannot be read, or a pattern is no name.
  LoraAdapter(const std::filesystem::path& lora, const std::map<std::string, std::string>& metadata);

  /// Of a layer of a component ("unet"); `module` is its name in the file. "alpha_pattern" has the alphas of
  /// layers by how their names end, whole parts of them; "rank_pattern" says what the tensors' shapes say.
  [[nodiscard]] LoraScaling scaling(const std::string& component, const std::string& module) const;

 private:
  std::string name_;
  nlohmann::ordered_json config_ = nlohmann::ordered_json::object();
  bool by_component_ = true;
};

}  // namespace latentdial::detail
