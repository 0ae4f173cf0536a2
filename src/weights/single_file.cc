#include "weights/single_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "files/json_file.h"
#include "latentdial/error.h"
#include "tensor/arithmetic.h"
#include "text/words.h"
#include "weights/diffusers_folder.h"
#include "weights/infer_config.h"
#include "weights/key_table.h"
#include "weights/recognise.h"
#include "weights/training.h"
#include "weights/widen.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kText = "cond_stage_model.";
constexpr std::string_view kSdxlText = "conditioner.embedders.0.";
constexpr std::string_view kTextProjection = "text_projection.weight";

// Rows [third·C, (third + 1)·C) of the fused [3·C, …] query, key and value projection.
Tensor third_of(const std::string& file, std::string_view key, const Tensor& fused, int third) {
  const auto rows = fused.rank() == 0 ? 0 : fused.dim(0) / 3;
  const bool in_whole_blocks = fused.count() % (3 * block_of(fused.dtype()).elements) == 0;
  if (rows == 0 || fused.dim(0) % 3 != 0 || !in_whole_blocks) {
    throw invalid_input(fmt::format("{}: tensor {} has shape {}; three stacked projections are needed", file,
                                    printable(key), to_string(fused.shape())));
  }
  return fused.slice(third * rows, (third + 1) * rows);
}

/// Columns as rows, in f32.
Tensor transposed(const std::string& file, std::string_view key, const Tensor& matrix) {
  if (matrix.rank() != 2) {
    throw invalid_input(fmt::format("{}: tensor {} has shape {}; a matrix is needed", file, printable(key),
                                    to_string(matrix.shape())));
  }
  return transposed(as_f32(matrix));
}

// SD 2 reads the state before OpenCLIP's last layer: that layer is left out knowingly.
StoredTensors without_layer(StoredTensors text, int layer) {
  const auto prefix = fmt::format("model.transformer.resblocks.{}.", layer);
  std::erase_if(text, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  return text;
}

template <class Infer>
nlohmann::json config_beside(const fs::path& file, const char* part, const char* name, Infer infer) {
  std::error_code ignored;
  const auto path = file.parent_path() / part / name;
  return fs::is_regular_file(path, ignored) ? read_json_object(path) : infer();
}

/// A component with its tensors named as in diffusers; `infer` makes its config of them where no file has
/// one.
template <class Infer>
Component component_of(const fs::path& path, const char* name, std::string_view prefix,
                       const StoredTensors& stored, const KeyTable& table, Infer infer) {
  auto renamed = rename(path.string(), prefix, stored, table);
  auto config = config_beside(path, name, "config.json", [&] { return infer(renamed); });
  return {std::move(config), Weights(name, path.string(), std::move(renamed))};
}

/// CLIP ViT-L's text encoder as transformers writes it, below `prefix`.
Component read_clip(const fs::path& path, const StoredTensors& tensors, std::string_view prefix) {
  return component_of(path, "text_encoder", prefix, part_of(tensors, prefix),
                      KeyTable(KeyFamily::clip_text, {}),
                      [&](const auto& renamed) { return infer_text_config(path.string(), renamed, false); });
}

/// OpenCLIP's, of a component of this name.
Component read_open_clip(const fs::path& path, const StoredTensors& tensors, Generation generation,
                         const char* name) {
  const std::string_view prefix = open_clip_prefix(generation);
  const auto layout = open_clip_layout(path.string(), tensors, generation);
  return component_of(path, name, prefix, without_layer(part_of(tensors, prefix), layout.text_layers),
                      KeyTable(KeyFamily::open_clip_text, layout),
                      [&](const auto& renamed) { return infer_text_config(path.string(), renamed, true); });
}

Component read_text_encoder(const fs::path& path, const StoredTensors& tensors, Generation generation) {
  if (generation == Generation::sdxl) return read_clip(path, tensors, kSdxlText);
  if (generation == Generation::sd1) return read_clip(path, tensors, kText);
  return read_open_clip(path, tensors, generation,
                        generation == Generation::refiner ? "text_encoder_2" : "text_encoder");
}

// Of the two releases with OpenCLIP the one that predicts ε was trained on 512 pixels.
void set_native_size(const Training& training, Generation generation, nlohmann::json& config) {
  if (generation == Generation::upscaling) return;
  if (training.sides) {
    config["sample_size"] = *training.sides / 8;
  } else if (generation == Generation::sd2 && training.v_prediction == false) {
    config["sample_size"] = 64;
  }
}

nlohmann::json trained_schedule(const Training& training, Generation generation) {
  auto config = infer_scheduler_config(generation);
  apply(training, config);
  return config;
}

Component read_unet(const fs::path& path, const StoredTensors& tensors, Generation generation,
                    const Training& training) {
  const auto file = path.string();
  const auto stored = part_of(tensors, kUnetPrefix);
  const auto layout = unet_layout(file, stored);
  return component_of(path, "unet", kUnetPrefix, stored, KeyTable(KeyFamily::compvis_unet, layout),
                      [&](const auto& renamed) {
                        auto config = infer_unet_config(file, renamed, layout, generation);
                        set_native_size(training, generation, config);
                        return config;
                      });
}

Component read_vae(const fs::path& path, const StoredTensors& tensors, Generation generation) {
  const auto file = path.string();
  const auto stored = part_of(tensors, kVaePrefix);
  const auto layout = vae_layout(file, stored);
  return component_of(
      path, "vae", kVaePrefix, stored, KeyTable(KeyFamily::compvis_vae, layout),
      [&](const auto& renamed) { return infer_vae_config(file, renamed, layout, generation); });
}

/// Throws invalid_input where the text encoder is neither.
Generation generation_of(const std::string& file, const StoredTensors& tensors) {
  if (has_prefix(tensors, std::string(kSdxlText) + "model.")) return Generation::refiner;
  if (has_prefix(tensors, std::string(kSdxlText))) return Generation::sdxl;
  if (!has_prefix(tensors, "cond_stage_model.model.")) {
    if (has_prefix(tensors, "cond_stage_model.transformer.")) return Generation::sd1;
    throw invalid_input(
        fmt::format("{}: its text encoder is neither CLIP (cond_stage_model.transformer.*) nor OpenCLIP "
                    "(cond_stage_model.model.*); a Stable Diffusion 1, 2 or XL checkpoint is needed",
                    file));
  }
  return tensors.contains(std::string(kUnetPrefix) + "label_emb.weight") ? Generation::upscaling
                                                                         : Generation::sd2;
}

// "state_dict.model.diffusion_model.…" or "module.model.…": the names without what a wrapper put before all.
StoredTensors without_wrapper(const StoredTensors& tensors) {
  const auto unet = std::ranges::find_if(tensors, [](const auto& entry) {
    return entry.first.find(fmt::format(".{}", kUnetPrefix)) != std::string::npos;
  });
  if (unet == tensors.end() || has_prefix(tensors, std::string(kUnetPrefix))) return tensors;
  const auto wrapper = unet->first.substr(0, unet->first.find(kUnetPrefix));
  StoredTensors inner;
  for (const auto& [name, tensor] : tensors)
    inner.emplace(name.starts_with(wrapper) ? name.substr(wrapper.size()) : name, tensor);
  return inner;
}

std::string format_of(const CheckpointFile& file) {
  static constexpr const char* kNames[] = {"CompVis safetensors", "CompVis ckpt", "CompVis GGUF"};
  return kNames[static_cast<std::size_t>(file.format)];
}

}  // namespace

StoredTensors part_of(const StoredTensors& tensors, std::string_view prefix) {
  StoredTensors part;
  for (auto at = tensors.lower_bound(prefix); at != tensors.end() && at->first.starts_with(prefix); ++at) {
    if (!is_ignored_key(at->first)) part.emplace(at->first.substr(prefix.size()), at->second);
  }
  return part;
}

ComponentTensors rename(const std::string& file, std::string_view prefix, const StoredTensors& stored,
                        const KeyTable& table) {
  ComponentTensors tensors;
  for (const auto& [name_in_part, tensor] : stored) {
    const auto key = std::string(prefix) + name_in_part;
    auto targets = table.to_diffusers(name_in_part);
    if (targets.empty()) targets.push_back({name_in_part});
    auto values = open_tensor(file, key, tensor);
    // OpenCLIP multiplies it from the right.
    if (targets.front().name == kTextProjection) values = transposed(file, key, values);
    for (const auto& [name, third] : targets) {
      if (!tensors.emplace(name, third < 0 ? values : third_of(file, key, values, third)).second) {
        throw invalid_input(
            fmt::format("{}: tensor {} stands there twice, under two names", file, printable(name)));
      }
    }
  }
  return tensors;
}

Checkpoint open_single_file(const fs::path& path, const CheckpointFile& file) {
  const auto tensors = without_wrapper(file.tensors);
  require_compvis_checkpoint(path.string(), tensors);
  const auto generation = generation_of(path.string(), tensors);
  const Training training = read_training(path, file);
  Checkpoint checkpoint{path,
                        format_of(file),
                        read_text_encoder(path, tensors, generation),
                        read_unet(path, tensors, generation, training),
                        read_vae(path, tensors, generation),
                        config_beside(path, "scheduler", "scheduler_config.json",
                                      [&] { return trained_schedule(training, generation); }),
                        find_tokenizer(path.parent_path())};
  if (generation == Generation::upscaling) {
    checkpoint.low_res_scheduler_config =
        config_beside(path, "low_res_scheduler", "scheduler_config.json", infer_low_res_scheduler_config);
    checkpoint.max_noise_level = kMaxNoiseLevel;
  }
  if (generation == Generation::sdxl) {
    checkpoint.text_encoder_2 = read_open_clip(path, tensors, generation, "text_encoder_2");
    checkpoint.tokenizer_2_dir = find_tokenizer(path.parent_path(), "tokenizer_2");
    checkpoint.zeros_for_empty_prompt = true;
  }
  if (generation == Generation::refiner)
    checkpoint.tokenizer_dir = find_tokenizer(path.parent_path(), "tokenizer_2");
  return checkpoint;
}

}  // namespace latentdial::detail
