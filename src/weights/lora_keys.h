#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "weights/stored_tensor.h"

namespace latentdial::detail {

/// The tensors of one layer of a LoRA file, by their keys; "" where the file has none.
struct LoraLayer {
  std::string module;  ///< As the file names the layer: "lora_unet_down_blocks_0_…", "unet.down_blocks.0.…".
  std::string down, up;  ///< [rank, in …] and [out, rank …].
  std::string alpha;     ///< A number; without it the rank is taken.
};

/// Sorts the keys of a LoRA file into layers; bundled_words are left out. Throws invalid_input naming a key
/// that is no LoRA's, or whose other half is missing.
[[nodiscard]] std::vector<LoraLayer> sort_lora_keys(const std::string& file, const StoredTensors& tensors);

/// The words of textual inversion that a LoRA file holds beside its layers.
[[nodiscard]] std::set<std::string> bundled_words(const StoredTensors& tensors);

/// The layer of the model that `module` means: a component ("unet" or "text_encoder") and the name of its
/// weight there; both empty for one that neither of them has.
struct LoraTarget {
  std::string component;
  std::string weight;
};
class LoraTargets {
 public:
  /// From the names of both components' tensors.
  LoraTargets(const std::vector<std::string>& unet, const std::vector<std::string>& text_encoder);
  [[nodiscard]] LoraTarget find(const std::string& module) const;

 private:
  std::map<std::string, LoraTarget> targets_;
};

}  // namespace latentdial::detail
