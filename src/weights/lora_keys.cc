#include "weights/lora_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "latentdial/error.h"
#include "text/words.h"
#include "weights/key_table.h"
#include "weights/textual_inversion.h"

namespace latentdial::detail {
namespace {

struct Ending {
  std::string_view text;
  std::string_view part;
  LoraKind kind = LoraKind::none;  // None: of any kind.
};

/// kohya's, PEFT's, the three that diffusers wrote before it took over PEFT's, and LyCORIS'.
constexpr Ending kEndings[] = {{".lora_down.weight", "lora_down", LoraKind::low_rank},
                               {".lora_up.weight", "lora_up", LoraKind::low_rank},
                               {".lora_mid.weight", "lora_mid", LoraKind::low_rank},
                               {".lora_A.weight", "lora_down", LoraKind::low_rank},
                               {".lora_B.weight", "lora_up", LoraKind::low_rank},
                               {".lora_linear_layer.down.weight", "lora_down", LoraKind::low_rank},
                               {".lora_linear_layer.up.weight", "lora_up", LoraKind::low_rank},
                               {".lora.down.weight", "lora_down", LoraKind::low_rank},
                               {".lora.up.weight", "lora_up", LoraKind::low_rank},
                               {"_lora.down.weight", "lora_down", LoraKind::low_rank},
                               {"_lora.up.weight", "lora_up", LoraKind::low_rank},
                               {".hada_w1_a", "hada_w1_a", LoraKind::hadamard},
                               {".hada_w1_b", "hada_w1_b", LoraKind::hadamard},
                               {".hada_w2_a", "hada_w2_a", LoraKind::hadamard},
                               {".hada_w2_b", "hada_w2_b", LoraKind::hadamard},
                               {".hada_t1", "hada_t1", LoraKind::hadamard},
                               {".hada_t2", "hada_t2", LoraKind::hadamard},
                               {".lokr_w1", "lokr_w1", LoraKind::kronecker},
                               {".lokr_w1_a", "lokr_w1_a", LoraKind::kronecker},
                               {".lokr_w1_b", "lokr_w1_b", LoraKind::kronecker},
                               {".lokr_w2", "lokr_w2", LoraKind::kronecker},
                               {".lokr_w2_a", "lokr_w2_a", LoraKind::kronecker},
                               {".lokr_w2_b", "lokr_w2_b", LoraKind::kronecker},
                               {".lokr_t2", "lokr_t2", LoraKind::kronecker},
                               {".a1.weight", "a1", LoraKind::glora},
                               {".a2.weight", "a2", LoraKind::glora},
                               {".b1.weight", "b1", LoraKind::glora},
                               {".b2.weight", "b2", LoraKind::glora},
                               {".bm.weight", "bm", LoraKind::glora},
                               {".oft_blocks", "oft_blocks", LoraKind::orthogonal},
                               {".oft_diag", "oft_diag", LoraKind::orthogonal},
                               {".rescale", "rescale", LoraKind::orthogonal},
                               {".diff", "diff", LoraKind::full},
                               {".w_norm", "w_norm", LoraKind::norm},
                               {".diff_b", "diff_b"},
                               {".b_norm", "diff_b"},
                               {".alpha", "alpha"},
                               {".dora_scale", "dora_scale"},
                               {".lora_magnitude_vector", "magnitude"},
                               {".lora_magnitude_vector.weight", "magnitude"}};

std::string underscored(std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

constexpr std::string_view kWeight = ".weight";

/// The layout that the names in diffusers tell.
KeyLayout layout_of(const std::vector<std::string>& unet) {
  const auto any = [&](const std::string& beginning) {
    return std::ranges::any_of(unet, [&](const std::string& name) { return name.starts_with(beginning); });
  };
  KeyLayout layout;
  while (any(fmt::format("down_blocks.{}.", layout.levels)))
    layout.attention.push_back(any(fmt::format("down_blocks.{}.attentions.", layout.levels++)));
  while (any(fmt::format("down_blocks.0.resnets.{}.", layout.layers))) ++layout.layers;
  return layout;
}

}  // namespace

std::vector<LoraLayer> sort_lora_keys(const std::string& file, const StoredTensors& tensors) {
  std::map<std::string, LoraLayer> layers;
  for (const auto& [key, tensor] : tensors) {
    if (key.starts_with(kBundledWord)) continue;
    const auto* ending =
        std::ranges::find_if(kEndings, [&key = key](const Ending& e) { return key.ends_with(e.text); });
    if (ending == std::end(kEndings))
      throw invalid_input(fmt::format(
          "{}: {} is no key of a LoRA; those of LoRA, LoHa, LoKr, DoRA, GLoRA, diagonal OFT and full or norm "
          "differences are read",
          file, printable(key)));
    std::string module = key.substr(0, key.size() - ending->text.size());
    LoraLayer& layer = layers[module];
    const bool fits =
        layer.kind == LoraKind::none || ending->kind == LoraKind::none || layer.kind == ending->kind;
    if (!fits || !layer.keys.emplace(ending->part, key).second)
      throw invalid_input(fmt::format("{}: {} is one too many beside {}", file, printable(key),
                                      printable(layer.keys.begin()->second)));
    if (ending->kind != LoraKind::none) layer.kind = ending->kind;
    layer.module = std::move(module);
  }
  std::vector<LoraLayer> sorted;
  for (auto& [module, layer] : layers) sorted.push_back(std::move(layer));
  return sorted;
}

LoraTargets::LoraTargets(const std::vector<std::string>& unet, const std::vector<std::string>& text_encoder,
                         const std::vector<std::string>& text_encoder_2) {
  add(unet, "unet", "lora_unet_");
  add_compvis_names(unet);
  add(text_encoder, "text_encoder", "lora_te_");
  add(text_encoder, "text_encoder", "lora_te1_");  // kohya's for SDXL's first, diffusers' for every model.
  add(text_encoder_2, "text_encoder_2", "lora_te2_");
}

void LoraTargets::add(const std::vector<std::string>& names, const std::string& component,
                      const std::string& kohya) {
  constexpr std::string_view kTextModel = "text_model.";
  for (const std::string& name : names) {
    if (!name.ends_with(kWeight)) continue;
    const std::string layer = name.substr(0, name.size() - kWeight.size());
    const LoraTarget target{component, name};
    targets_[kohya + underscored(layer)] = target;
    targets_[component + "." + layer] = target;
    // transformers 5 leaves this out of its names.
    if (layer.starts_with(kTextModel)) {
      targets_[kohya + underscored(layer.substr(kTextModel.size()))] = target;
      targets_[component + "." + layer.substr(kTextModel.size())] = target;
    }
    if (component == "unet") targets_["base_model.model." + layer] = targets_[layer] = target;
  }
}

/// kohya's for SDXL: "lora_unet_input_blocks_4_1_…".
void LoraTargets::add_compvis_names(const std::vector<std::string>& unet) {
  const KeyTable table(KeyFamily::compvis_unet, layout_of(unet));
  for (const std::string& name : unet) {
    if (!name.ends_with(kWeight)) continue;
    const std::string layer = table.from_diffusers(name.substr(0, name.size() - kWeight.size()));
    if (!layer.empty()) targets_["lora_unet_" + underscored(layer)] = {"unet", name};
  }
}

LoraTarget LoraTargets::find(const std::string& module) const {
  std::string name = module;
  constexpr std::string_view kProcessor = ".processor";
  if (const auto at = name.find(kProcessor); at != std::string::npos) name.erase(at, kProcessor.size());
  if (name.ends_with(".to_out")) name.append(".0");
  const auto found = targets_.find(name);
  return found == targets_.end() ? LoraTarget{} : found->second;
}

}  // namespace latentdial::detail
