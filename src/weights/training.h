#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "weights/checkpoint_file.h"

namespace latentdial::detail {

/// What a single file, or a CompVis .yaml beside it, says of how its U-Net was trained. Empty: it says
/// nothing.
struct Training {
  std::optional<bool> v_prediction;   ///< v, or else ε.
  bool zero_terminal_snr = false;     ///< The last training timestep is pure noise.
  std::optional<std::int64_t> sides;  ///< Pixels of the square pictures that it was trained on.
};

/// From, first to last: NAME.yaml beside NAME.safetensors; the file's metadata (modelspec's, kohya's,
/// ComfyUI's, `global_step` of Stable Diffusion 2's own .ckpt); its empty tensors `v_pred` and `ztsnr`.
[[nodiscard]] Training read_training(const std::filesystem::path& path, const CheckpointFile& file);

/// Puts it into an inferred scheduler_config.json. With zero_terminal_snr the schedule is rescaled and its
/// timesteps trail, so that the first is the noisiest (Lin et al. 2023, arXiv 2305.08891).
void apply(const Training& training, nlohmann::json& scheduler_config);

}  // namespace latentdial::detail
