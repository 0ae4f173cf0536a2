#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "weights/key_table.h"
#include "weights/stored_tensor.h"

namespace latentdial::detail {

/// The tensors of one component of a single-file checkpoint, in diffusers' names.
using ComponentTensors = std::map<std::string, Tensor>;

/// What a single-file checkpoint is: with CLIP or OpenCLIP as its text encoder, the latter's upscaler, whose
/// U-Net has classes, with both, or with OpenCLIP's that sums texts up; the rest of the architecture follows.
enum class Generation { sd1, sd2, upscaling, sdxl, refiner };

/// Whether a text's summary and sizes are told beside the timestep.
[[nodiscard]] constexpr bool is_told_sizes(Generation generation) {
  return generation == Generation::sdxl || generation == Generation::refiner;
}

/// What stands before the names of a text encoder, the only one or the one that makes a summary.
[[nodiscard]] constexpr const char* open_clip_prefix(Generation generation) {
  if (generation == Generation::sdxl) return "conditioner.embedders.1.";
  return generation == Generation::refiner ? "conditioner.embedders.0." : "cond_stage_model.";
}

/// The block layout that the CompVis names of a U-Net or VAE show (names without their component's prefix).
/// Throw invalid_input naming `file` when the names cannot be one.
[[nodiscard]] KeyLayout unet_layout(const std::string& file, const StoredTensors& tensors);
[[nodiscard]] KeyLayout vae_layout(const std::string& file, const StoredTensors& tensors);
/// The layers of an OpenCLIP encoder that are used, from `all` the file's tensors. SD 2 reads the state
/// before the last layer ("penultimate"), so of the whole OpenCLIP ViT-H (24 layers, with text_projection) 23
/// count; files converted from diffusers hold only those. Of SDXL's OpenCLIP ViT-bigG all count.
[[nodiscard]] KeyLayout open_clip_layout(const std::string& file, const StoredTensors& all,
                                         Generation generation);

/// The config.json that diffusers would have, read off the tensors' shapes. What shapes cannot show is the
/// value every release has: 8 heads (SD 1, the upscaler) or heads of width 64 (SD 2, SDXL), 32 norm groups,
/// VAE scale 0.18215 (the upscaler: 0.08333, SDXL: 0.13025), sizes told in 256 numbers each. Throw
/// invalid_input naming `file` and the tensor that is missing or has an impossible shape.
[[nodiscard]] nlohmann::json infer_unet_config(const std::string& file, const ComponentTensors& tensors,
                                               const KeyLayout& layout, Generation generation);
[[nodiscard]] nlohmann::json infer_vae_config(const std::string& file, const ComponentTensors& tensors,
                                              const KeyLayout& layout, Generation generation);
/// `open_clip`: whether it is OpenCLIP's.
[[nodiscard]] nlohmann::json infer_text_config(const std::string& file, const ComponentTensors& tensors,
                                               bool open_clip);
/// PNDM as SD v1-4 ships it; of the upscaler DDIM, of SDXL Euler. ε- or v-prediction does not show in
/// tensors: SD 2 is taken for the 768 v-model where nothing else is said (`Training`).
[[nodiscard]] nlohmann::json infer_scheduler_config(Generation generation);
/// The noise of the upscaler's small picture.
[[nodiscard]] nlohmann::json infer_low_res_scheduler_config();

/// True when some name begins with `prefix`.
[[nodiscard]] bool has_prefix(const StoredTensors& tensors, const std::string& prefix);

}  // namespace latentdial::detail
