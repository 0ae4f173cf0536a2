#include "weights/diffusers_folder.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "files/json_file.h"
#include "latentdial/error.h"
#include "text/words.h"
#include "weights/checkpoint_file.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

constexpr double kUpscalingFactor = 0.08333;  // Of the one there is; early folders do not say it.

struct NamedTensors {
  std::string file;
  StoredTensors tensors;
};

// Names of diffusers and transformers, best first: full precision before fp16, safetensors before pickles.
std::vector<std::string> candidates(std::string_view stem, std::string_view torch_stem) {
  return {fmt::format("{}.safetensors", stem),
          fmt::format("{}.safetensors.index.json", stem),
          fmt::format("{}.fp16.safetensors", stem),
          fmt::format("{}.safetensors.index.fp16.json", stem),
          fmt::format("{}.fp16.safetensors.index.json", stem),
          fmt::format("{}.bin", torch_stem),
          fmt::format("{}.bin.index.json", torch_stem),
          fmt::format("{}.fp16.bin", torch_stem)};
}

fs::path find_file(const fs::path& folder, std::string_view stem, std::string_view torch_stem) {
  std::error_code ignored;
  for (const auto& name : candidates(stem, torch_stem)) {
    if (fs::exists(folder / name, ignored)) return folder / name;
  }
  throw invalid_input(fmt::format(
      "{}: {}.safetensors is missing (nor is there its fp16 variant, an index of shards, or {}.bin)",
      folder.string(), stem, torch_stem));
}

// The index maps every tensor to the shard that holds it; shards lie beside the index and nowhere else.
std::vector<NamedTensors> read_shards(const fs::path& index_path) {
  const auto index = read_json_object(index_path);
  const auto weight_map = index.find("weight_map");
  if (weight_map == index.end() || !weight_map->is_object()) {
    throw invalid_input(
        fmt::format("{}: \"weight_map\" from tensor name to shard is missing", index_path.string()));
  }
  std::map<std::string, CheckpointFile> shards;
  std::map<std::string, StoredTensors> wanted;
  for (const auto& [name, shard] : weight_map->items()) {
    const auto file = shard.is_string() ? shard.get<std::string>() : "";
    if (file.empty() || fs::path(file).filename() != fs::path(file)) {
      throw invalid_input(
          fmt::format("{}: tensor {} is not mapped to a file name", index_path.string(), printable(name)));
    }
    auto found = shards.find(file);
    if (found == shards.end())
      found = shards.emplace(file, read_checkpoint_file(index_path.parent_path() / file)).first;
    const auto tensor = found->second.tensors.find(name);
    if (tensor == found->second.tensors.end()) {
      throw invalid_input(fmt::format("{}: tensor {} should be in {} but is not", index_path.string(),
                                      printable(name), file));
    }
    wanted[file].insert(*tensor);
  }
  std::vector<NamedTensors> result;
  for (auto& [file, tensors] : wanted) {
    result.push_back({(index_path.parent_path() / file).string(), std::move(tensors)});
  }
  return result;
}

void require_stable_diffusion(const fs::path& path, const nlohmann::json& index) {
  const auto named = index.find("_class_name");
  const std::string pipeline = named != index.end() && named->is_string() ? named->get<std::string>() : "";
  const auto has = [&](const char* part) {
    const auto found = index.find(part);
    return found != index.end() && found->is_array() && found->size() == 2 && found->back().is_string();
  };
  const auto refuse = [&](std::string_view what) {
    return invalid_input(fmt::format("{}: is {} ({}); a Stable Diffusion 1, 2 or XL model is needed",
                                     path.string(), what, printable(pipeline)));
  };
  if (has("transformer")) throw refuse("a diffusion transformer (Stable Diffusion 3, Flux or the like)");
  if (has("prior") && has("image_normalizer"))
    throw refuse("Stable unCLIP that draws from words, by a prior");
  if (has("prior") || has("movq")) throw refuse("another kind of diffusion model");
  for (const auto* part : {"text_encoder", "unet", "vae", "scheduler"}) {
    const bool is_refiners = part == std::string_view("text_encoder") && has("text_encoder_2");
    if (!has(part) && !is_refiners) throw refuse(fmt::format("a pipeline without the part \"{}\"", part));
  }
}

/// Our own part of the index. diffusers passes over names with an underscore in front.
nlohmann::json read_defaults(const fs::path& path, const nlohmann::json& index) {
  auto defaults = index.value("_latentdial", nlohmann::json::object());
  const auto guidance =
      defaults.is_object() ? defaults.value("guidance_scale", nlohmann::json(1)) : nlohmann::json();
  const bool in_range = guidance.is_number() && guidance >= 0 && guidance <= 100;
  if (!in_range || !defaults.value("example", nlohmann::json::object()).is_object())
    throw invalid_input(
        fmt::format("{}: \"_latentdial\" is not as in {{\"guidance_scale\": 7.5, \"example\": {{\"prompt\": "
                    "\"a dog\"}}}}, the scale 0 to 100",
                    path.string()));
  return defaults;
}

/// What an upscaling model's folder has beside the parts of any; nothing of others.
void read_upscaling(const fs::path& index_path, const nlohmann::json& index, Checkpoint& checkpoint) {
  if (!index.contains("low_res_scheduler")) return;
  checkpoint.low_res_scheduler_config =
      read_json_object(index_path.parent_path() / "low_res_scheduler" / "scheduler_config.json");
  const auto most = index.value("max_noise_level", nlohmann::json(kMaxNoiseLevel));
  if (!most.is_number_integer() || most < 0 || most >= 1000)
    throw invalid_input(
        fmt::format("{}: \"max_noise_level\" is {}, but a whole number from 0 to 999 is needed",
                    index_path.string(), most.dump()));
  checkpoint.max_noise_level = most.get<std::int64_t>();
  auto& scaling_factor = checkpoint.vae.config["scaling_factor"];
  if (scaling_factor.is_null()) scaling_factor = kUpscalingFactor;
}

Component read_part(const fs::path& folder, const char* name, std::string_view stem,
                    std::string_view torch_stem, KeyFamily family) {
  const auto part = folder / name;
  auto config = read_json_object(part / "config.json");
  return {std::move(config), Weights(name, part.string(), read_component(part, stem, torch_stem, family))};
}

/// Whether the index names a part, which "none" is written as [null, null] in.
bool names_part(const nlohmann::json& index, const char* part) {
  const auto named = index.find(part);
  return named != index.end() && !named->is_null() && *named != nlohmann::json{nullptr, nullptr};
}

bool read_flag(const fs::path& index_path, const nlohmann::json& index, const char* field, bool fallback) {
  const auto flag = index.value(field, nlohmann::json(fallback));
  if (!flag.is_boolean())
    throw invalid_input(fmt::format("{}: \"{}\" is {}, but true or false is needed", index_path.string(),
                                    field, flag.dump()));
  return flag.get<bool>();
}

/// The text encoder of a folder that has one, or the first of two; a refiner's is called the second.
Component read_first_text_encoder(const fs::path& folder, const nlohmann::json& index) {
  if (names_part(index, "text_encoder"))
    return read_part(folder, "text_encoder", "model", "pytorch_model", KeyFamily::diffusers_text);
  return read_part(folder, "text_encoder_2", "model", "pytorch_model", KeyFamily::summing_text);
}

/// What a folder with a text encoder that sums texts up has beside the parts of any; nothing of others.
void read_summing(const fs::path& index_path, const nlohmann::json& index, Checkpoint& checkpoint) {
  if (!names_part(index, "text_encoder_2")) return;
  const auto folder = index_path.parent_path();
  const fs::path tokenizer = find_tokenizer(folder, "tokenizer_2");
  if (names_part(index, "text_encoder")) {
    checkpoint.text_encoder_2 =
        read_part(folder, "text_encoder_2", "model", "pytorch_model", KeyFamily::summing_text);
    checkpoint.tokenizer_2_dir = tokenizer;
  } else {
    checkpoint.tokenizer_dir = tokenizer;
  }
  checkpoint.zeros_for_empty_prompt = read_flag(index_path, index, "force_zeros_for_empty_prompt", true);
  if (read_flag(index_path, index, "requires_aesthetics_score", false))
    checkpoint.unet.config["requires_aesthetics_score"] = true;
}

/// Whether two lists of numbers are those of CLIP's training.
bool is_clips(const nlohmann::json& config, const char* field, const std::vector<double>& own) {
  const auto found = config.find(field);
  if (found == config.end()) return true;
  if (!found->is_array() || found->size() != own.size()) return false;
  for (std::size_t i = 0; i < own.size(); ++i)
    if (!(*found)[i].is_number() || std::abs((*found)[i].get<double>() - own[i]) > 1e-6) return false;
  return true;
}

/// Pictures are shown to an image encoder as CLIP's was trained; a folder may say so.
void check_feature_extractor(const fs::path& folder) {
  const auto path = folder / "feature_extractor" / "preprocessor_config.json";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return;
  const auto config = read_json_object(path);
  const bool is_usual = is_clips(config, "image_mean", {0.48145466, 0.4578275, 0.40821073}) &&
                        is_clips(config, "image_std", {0.26862954, 0.26130258, 0.27577711}) &&
                        config.value("resample", nlohmann::json(3)) == 3;
  if (!is_usual)
    throw invalid_input(
        fmt::format("{}: pictures would be prepared otherwise than for CLIP's image encoders, by another "
                    "\"image_mean\", \"image_std\" or \"resample\"",
                    path.string()));
}

/// What an unCLIP model's folder has beside the parts of any; nothing of others.
void read_picture_parts(const fs::path& folder, const nlohmann::json& index, Checkpoint& checkpoint) {
  if (!names_part(index, "image_normalizer")) return;
  constexpr std::string_view kStem = "diffusion_pytorch_model";
  check_feature_extractor(folder);
  checkpoint.pictures = {
      read_part(folder, "image_encoder", "model", "pytorch_model", KeyFamily::summing_text),
      read_part(folder, "image_normalizer", kStem, kStem, KeyFamily::diffusers_vae),
      read_json_object(folder / "image_noising_scheduler" / "scheduler_config.json")};
}

}  // namespace

std::map<std::string, Tensor> read_component(const fs::path& folder, std::string_view stem,
                                             std::string_view torch_stem, KeyFamily family) {
  const auto path = find_file(folder, stem, torch_stem);
  std::vector<NamedTensors> files;
  if (path.extension() == ".json") {
    files = read_shards(path);
  } else {
    files.push_back({path.string(), read_checkpoint_file(path).tensors});
  }
  const KeyTable table(family, {});
  std::map<std::string, Tensor> tensors;
  for (const auto& [file, stored] : files) {
    for (const auto& [key, tensor] : stored) {
      if (is_ignored_key(key, family)) continue;
      const auto targets = table.to_diffusers(key);
      const auto& name = targets.empty() ? key : targets.front().name;
      if (!tensors.emplace(name, open_tensor(file, key, tensor)).second) {
        throw invalid_input(
            fmt::format("{}: tensor {} stands there twice, also under an older name", file, printable(name)));
      }
    }
  }
  return tensors;
}

fs::path find_tokenizer(const fs::path& folder, std::string_view name) {
  std::error_code ignored;
  const auto tokenizer = folder / name;
  const bool pair = fs::is_regular_file(tokenizer / "vocab.json", ignored) &&
                    fs::is_regular_file(tokenizer / "merges.txt", ignored);
  return pair || fs::is_regular_file(tokenizer / "tokenizer.json", ignored) ? tokenizer : fs::path();
}

Checkpoint open_diffusers_folder(const fs::path& folder) {
  std::error_code ignored;
  const auto index_path = folder / "model_index.json";
  if (!fs::exists(index_path, ignored)) {
    throw invalid_input(fmt::format(
        "{}: model_index.json is missing; a diffusers folder, a .safetensors, a .ckpt or a .gguf is needed",
        folder.string()));
  }
  const auto index = read_json_object(index_path);
  require_stable_diffusion(index_path, index);
  constexpr std::string_view kStem = "diffusion_pytorch_model";
  Checkpoint checkpoint{folder,
                        "diffusers folder",
                        read_first_text_encoder(folder, index),
                        read_part(folder, "unet", kStem, kStem, KeyFamily::diffusers_vae),
                        read_part(folder, "vae", kStem, kStem, KeyFamily::diffusers_vae),
                        read_json_object(folder / "scheduler" / "scheduler_config.json"),
                        find_tokenizer(folder),
                        {},
                        {},
                        read_defaults(index_path, index)};
  read_upscaling(index_path, index, checkpoint);
  read_summing(index_path, index, checkpoint);
  read_picture_parts(folder, index, checkpoint);
  return checkpoint;
}

}  // namespace latentdial::detail
