#pragma once

#include <map>
#include <string>
#include <vector>

#include "weights/stored_tensor.h"

namespace latentdial::detail {

/// How a layer of a LoRA file says what it adds (weights/lora_kinds.h).
enum class LoraKind { none, low_rank, hadamard, kronecker, glora, orthogonal, full, norm };

/// The tensors of one layer of a LoRA file.
struct LoraLayer {
  std::string module;  ///< As the file names the layer: "lora_unet_down_blocks_0_…", "unet.down_blocks.0.…".
  LoraKind kind = LoraKind::none;                        ///< None where it only changes a bias.
  std::map<std::string, std::string, std::less<>> keys;  ///< By what the kind calls them: "lora_up", "alpha".
};

/// Sorts the keys of a LoRA file into layers; bundled words are left out. Throws invalid_input naming a key
/// that is no LoRA's, or that is of another kind than those beside it.
[[nodiscard]] std::vector<LoraLayer> sort_lora_keys(const std::string& file, const StoredTensors& tensors);

/// The layer of the model that `module` means: a component ("unet", "text_encoder" or "text_encoder_2") and
/// the name of its weight there; both empty for one that none of them has.
struct LoraTarget {
  std::string component;
  std::string weight;
};
class LoraTargets {
 public:
  /// From the names of the components' tensors; the second encoder's are empty where there is none.
  LoraTargets(const std::vector<std::string>& unet, const std::vector<std::string>& text_encoder,
              const std::vector<std::string>& text_encoder_2);
  [[nodiscard]] LoraTarget find(const std::string& module) const;

 private:
  void add(const std::vector<std::string>& names, const std::string& component, const std::string& kohya);
  void add_compvis_names(const std::vector<std::string>& unet);

  std::map<std::string, LoraTarget> targets_;
};

}  // namespace latentdial::detail
