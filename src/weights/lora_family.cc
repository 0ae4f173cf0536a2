#include "weights/lora_family.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

/// Families whose U-Net takes text, by how wide that is.
struct Family {
  std::int64_t width;
  std::string_view name;
};
constexpr Family kFamilies[] = {{768, "Stable Diffusion 1"},
                                {1024, "Stable Diffusion 2"},
                                {2048, "Stable Diffusion XL"},
                                {1280, "the refiner of Stable Diffusion XL"}};

/// What a part of a key, or the beginning of an entry of the metadata, tells. Width 0: no U-Net of ours.
struct Sign {
  std::string_view text;
  std::string_view name;
  std::int64_t width = 0;
};
constexpr Sign kKeys[] = {{"double_blocks", "Flux"},
                          {"single_transformer_blocks", "Flux"},
                          {"single_blocks", "Flux"},
                          {"joint_blocks", "Stable Diffusion 3"},
                          {"lora_te3_", "Stable Diffusion 3"},
                          {"transformer.transformer_blocks.", "Stable Diffusion 3"},
                          {"diffusion_model.layers.", "a diffusion transformer"},
                          {"diffusion_model.blocks.", "a diffusion transformer"},
                          {"transformer.blocks.", "a diffusion transformer"},
                          {"lora_te2_", "Stable Diffusion XL", 2048},
                          {"text_encoder_2.", "Stable Diffusion XL", 2048}};
constexpr Sign kMetadata[] = {{"sdxl", "Stable Diffusion XL", 2048},
                              {"stable-diffusion-xl", "Stable Diffusion XL", 2048},
                              {"sd_v1", "Stable Diffusion 1", 768},
                              {"stable-diffusion-v1", "Stable Diffusion 1", 768},
                              {"sd_v2", "Stable Diffusion 2", 1024},
                              {"stable-diffusion-v2", "Stable Diffusion 2", 1024},
                              {"sd3", "Stable Diffusion 3"},
                              {"stable-diffusion-3", "Stable Diffusion 3"},
                              {"flux", "Flux"}};

std::string family_of(std::int64_t width) {
  const auto* found = std::ranges::find(kFamilies, width, &Family::width);
  return found == std::end(kFamilies) ? fmt::format("a model with text {} wide", width)
                                      : std::string(found->name);
}

bool is_family(std::int64_t width) {
  return std::ranges::find(kFamilies, width, &Family::width) != std::end(kFamilies);
}

/// How wide the text is that a layer takes, as its own tensors have it; 0: it takes none, or does not tell.
std::int64_t text_width(const LoraLayer& layer, const StoredTensors& tensors) {
  const bool takes_text = layer.module.find("attn2") != std::string::npos &&
                          (layer.module.ends_with("to_k") || layer.module.ends_with("to_v"));
  if (!takes_text) return 0;
  const auto columns = [&](std::string_view part) -> std::int64_t {
    const auto key = layer.keys.find(part);
    if (key == layer.keys.end()) return 0;
    const Shape& shape = tensors.find(key->second)->second.shape;
    return shape.size() < 2 || shape[1] > INT32_MAX ? 0 : shape[1];
  };
  for (const std::string_view part : {"lora_down", "hada_w1_b", "diff"})
    if (const auto width = columns(part); width > 0) return width;
  const std::int64_t first = std::max(columns("lokr_w1"), columns("lokr_w1_b"));
  return first * std::max(columns("lokr_w2"), columns("lokr_w2_b"));
}

}  // namespace

void require_family(const std::string& file, const std::string& model, std::int64_t width,
                    const std::vector<LoraLayer>& layers, const StoredTensors& tensors,
                    const std::map<std::string, std::string>& metadata) {
  if (width == 0) return;
  const auto refuse = [&](const std::string& family) {
    throw invalid_input(
        fmt::format("{}: is a LoRA for {}; {} needs one for {}", file, family, model, family_of(width)));
  };
  for (const LoraLayer& layer : layers) {
    for (const Sign& sign : kKeys)
      if (sign.width != width && (layer.module + ".").find(sign.text) != std::string::npos)
        refuse(std::string(sign.name));
    if (const auto own = text_width(layer, tensors); own != width && is_family(own)) refuse(family_of(own));
  }
  for (const char* entry : {"ss_base_model_version", "modelspec.architecture"}) {
    const auto found = metadata.find(entry);
    if (found == metadata.end()) continue;
    for (const Sign& sign : kMetadata)
      if (found->second.starts_with(sign.text) && sign.width != width) refuse(std::string(sign.name));
  }
}

}  // namespace latentdial::detail
