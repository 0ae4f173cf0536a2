#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace latentdial::detail {

/// Which names a tensor may carry besides diffusers' own.
enum class KeyFamily {
  compvis_unet,    ///< After "model.diffusion_model.".
  compvis_vae,     ///< After "first_stage_model.".
  clip_text,       ///< After "cond_stage_model.": SD 1's CLIP ViT-L as transformers writes it.
  open_clip_text,  ///< After "cond_stage_model.": SD 2's OpenCLIP ViT-H; SDXL's ViT-bigG.
  diffusers_vae,   ///< Attention names of diffusers before 0.17.
  diffusers_text,  ///< transformers 5 leaves out "text_model.".
  summing_text,    ///< The same of an encoder whose "text_projection" is used: it sums a text up.
};

/// What the flat block numbers of CompVis depend on.
struct KeyLayout {
  int levels = 0;               ///< Resolutions: 4 in SD.
  int layers = 0;               ///< ResNet blocks per level on the way down: 2 in SD.
  std::vector<bool> attention;  ///< Per U-Net level on the way down: has transformers.
  int text_layers = 0;
};

/// A tensor's name in diffusers. `third` 0, 1 or 2: it is that third of the rows of a fused q, k, v matrix;
/// −1: all of it.
struct KeyTarget {
  std::string name;
  int third = -1;
};

/// The rows of one family, spelled out for one layout, in both directions.
class KeyTable {
 public:
  KeyTable(KeyFamily family, const KeyLayout& layout);

  /// diffusers' name or names of a tensor; empty when no row knows it.
  [[nodiscard]] std::vector<KeyTarget> to_diffusers(std::string_view key) const;
  /// The family's name of a diffusers tensor (one name for all thirds of a fused matrix); empty when no row
  /// knows it.
  [[nodiscard]] std::string from_diffusers(std::string_view name) const;

 private:
  std::map<std::string, std::vector<KeyTarget>, std::less<>> to_diffusers_;
  std::map<std::string, std::string, std::less<>> from_diffusers_;
};

/// Tensors of real checkpoints that the engine knowingly does without: a training run's averages, noise
/// schedules, losses. `key` is the full name in a CompVis file, or in a component of a diffusers folder.
[[nodiscard]] bool is_ignored_key(std::string_view key);
[[nodiscard]] bool is_ignored_key(std::string_view key, KeyFamily family);

}  // namespace latentdial::detail
