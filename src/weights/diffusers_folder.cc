#include "weights/diffusers_folder.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "files/json_file.h"
#include "latentdial/error.h"
#include "text/quote.h"
#include "weights/component_files.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

void require_stable_diffusion(const fs::path& path, const nlohmann::json& index) {
  const auto named = index.find("_class_name");
  const std::string pipeline = named != index.end() && named->is_string() ? named->get<std::string>() : "";
  const auto has = [&](const char* part) {
    const auto found = index.find(part);
    return found != index.end() && found->is_array() && found->size() == 2 && found->back().is_string();
  };
  const auto refuse = [&](std::string_view what) {
    return invalid_input(fmt::format("{}: is {} ({}); a Stable Diffusion 1 or 2 model is needed",
                                     path.string(), what, printable(pipeline)));
  };
  if (has("text_encoder_2") || pipeline.find("XL") != std::string::npos)
    throw refuse("a Stable Diffusion XL model");
  if (has("transformer")) throw refuse("a diffusion transformer (Stable Diffusion 3, Flux or the like)");
  if (has("prior") || has("movq")) throw refuse("another kind of diffusion model");
  for (const auto* part : {"text_encoder", "unet", "vae", "scheduler"}) {
    if (!has(part)) throw refuse(fmt::format("a pipeline without the part \"{}\"", part));
  }
}

Component read_part(const fs::path& folder, const char* name, std::string_view stem,
                    std::string_view torch_stem, KeyFamily family) {
  const auto part = folder / name;
  auto config = read_json_object(part / "config.json");
  return {std::move(config), Weights(name, part.string(), read_component(part, stem, torch_stem, family))};
}

}  // namespace

fs::path find_tokenizer(const fs::path& folder) {
  std::error_code ignored;
  const auto tokenizer = folder / "tokenizer";
  const bool pair = fs::is_regular_file(tokenizer / "vocab.json", ignored) &&
                    fs::is_regular_file(tokenizer / "merges.txt", ignored);
  return pair || fs::is_regular_file(tokenizer / "tokenizer.json", ignored) ? tokenizer : fs::path();
}

Checkpoint open_diffusers_folder(const fs::path& folder) {
  std::error_code ignored;
  const auto index_path = folder / "model_index.json";
  if (!fs::exists(index_path, ignored)) {
    throw invalid_input(fmt::format(
        "{}: model_index.json is missing; a diffusers folder, a .safetensors or a .ckpt is needed",
        folder.string()));
  }
  require_stable_diffusion(index_path, read_json_object(index_path));
  constexpr std::string_view kStem = "diffusion_pytorch_model";
  return {folder,
          "diffusers folder",
          read_part(folder, "text_encoder", "model", "pytorch_model", KeyFamily::diffusers_text),
          read_part(folder, "unet", kStem, kStem, KeyFamily::diffusers_vae),
          read_part(folder, "vae", kStem, kStem, KeyFamily::diffusers_vae),
          read_json_object(folder / "scheduler" / "scheduler_config.json"),
          find_tokenizer(folder)};
}

}  // namespace latentdial::detail
