#include "weights/parts.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "files/json_file.h"
#include "latentdial/error.h"
#include "weights/checkpoint_file.h"
#include "weights/diffusers_folder.h"
#include "weights/infer_config.h"
#include "weights/key_table.h"
#include "weights/single_file.h"
#include "weights/training.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

/// How a part's tensors are called.
struct PartNames {
  const char* component;          ///< "unet".
  std::string_view prefix;        ///< CompVis', in a whole model.
  std::string_view in_compvis;    ///< What a name in CompVis' way begins with, after that.
  std::string_view in_diffusers;  ///< … in diffusers'.
  KeyFamily family;
  KeyLayout (*layout)(const std::string& file, const StoredTensors& tensors);
};

constexpr PartNames kUnetNames = {
    "unet", kUnetPrefix, "input_blocks.", "down_blocks.", KeyFamily::compvis_unet, unet_layout};
constexpr PartNames kVaeNames = {
    "vae", kVaePrefix, "encoder.down.", "encoder.down_blocks.", KeyFamily::compvis_vae, vae_layout};

Weights weights_of(const fs::path& path, const CheckpointFile& file, const PartNames& names) {
  const bool is_below = has_prefix(file.tensors, std::string(names.prefix));
  const auto prefix = is_below ? names.prefix : std::string_view();
  const auto stored = part_of(file.tensors, prefix);
  if (has_prefix(stored, std::string(names.in_diffusers)))
    return {names.component, path.string(),
            rename(path.string(), prefix, stored, KeyTable(KeyFamily::diffusers_vae, {}))};
  if (!has_prefix(stored, std::string(names.in_compvis))) {
    throw invalid_input(names.component,
                        fmt::format("{}: holds no such part: none of its tensors is called {}{}… or {}…",
                                    path.string(), names.prefix, names.in_compvis, names.in_diffusers));
  }
  const KeyTable table(names.family, names.layout(path.string(), stored));
  return {names.component, path.string(), rename(path.string(), prefix, stored, table)};
}

/// Of a diffusers folder: of the part itself, or of a whole model.
Component component_in(const fs::path& folder, const PartNames& names) {
  constexpr std::string_view kStem = "diffusion_pytorch_model";
  std::error_code ignored;
  const auto part = fs::exists(folder / "model_index.json", ignored) ? folder / names.component : folder;
  auto config = read_json_object(part / "config.json");
  auto tensors = read_component(part, kStem, kStem, KeyFamily::diffusers_vae);
  return {std::move(config), Weights(names.component, part.string(), std::move(tensors))};
}

void replace_unet(Checkpoint& checkpoint, const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    const bool is_refiners = checkpoint.unet.config.value("requires_aesthetics_score", false);
    checkpoint.unet = component_in(path, kUnetNames);
    if (is_refiners) checkpoint.unet.config["requires_aesthetics_score"] = true;
    return;
  }
  const CheckpointFile file = read_checkpoint_file(path);
  checkpoint.unet.weights = weights_of(path, file, kUnetNames);
  const Shape first = checkpoint.unet.weights.shape("conv_in.weight");
  if (first.size() == 4) checkpoint.unet.config["in_channels"] = first[1];
  const Training training = read_training(path, file);
  apply(training, checkpoint.scheduler_config);
}

void replace_vae(Checkpoint& checkpoint, const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    checkpoint.vae = component_in(path, kVaeNames);
  } else {
    checkpoint.vae.weights = weights_of(path, read_checkpoint_file(path), kVaeNames);
  }
}

}  // namespace

void replace_parts(Checkpoint& checkpoint, const Parts& parts) {
  if (!parts.unet.empty()) replace_unet(checkpoint, parts.unet);
  if (!parts.vae.empty()) replace_vae(checkpoint, parts.vae);
  if (!parts.prediction.empty()) checkpoint.scheduler_config["prediction_type"] = parts.prediction;
}

}  // namespace latentdial::detail
