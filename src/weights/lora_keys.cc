#include "weights/lora_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "latentdial/error.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

enum class LoraFactor { down, up, alpha };

struct Ending {
  std::string_view text;
  LoraFactor part;
};

/// kohya's, PEFT's, and the three that diffusers wrote before it took over PEFT's.
constexpr std::array<Ending, 11> kEndings{{{".lora_down.weight", LoraFactor::down},
                                           {".lora_up.weight", LoraFactor::up},
                                           {".alpha", LoraFactor::alpha},
                                           {".lora_A.weight", LoraFactor::down},
                                           {".lora_B.weight", LoraFactor::up},
                                           {".lora_linear_layer.down.weight", LoraFactor::down},
                                           {".lora_linear_layer.up.weight", LoraFactor::up},
                                           {".lora.down.weight", LoraFactor::down},
                                           {".lora.up.weight", LoraFactor::up},
                                           {"_lora.down.weight", LoraFactor::down},
                                           {"_lora.up.weight", LoraFactor::up}}};

/// OneTrainer puts the words that it learnt beside the layers: "bundle_emb.WORD.string_to_param.*".
constexpr std::string_view kBundledWord = "bundle_emb.";

std::string underscored(std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

}  // namespace

std::vector<LoraLayer> sort_lora_keys(const std::string& file, const StoredTensors& tensors) {
  std::map<std::string, LoraLayer> layers;
  for (const auto& [key, tensor] : tensors) {
    if (key.starts_with(kBundledWord)) continue;
    const auto ending = std::find_if(kEndings.begin(), kEndings.end(),
                                     [&key = key](const Ending& e) { return key.ends_with(e.text); });
    if (ending == kEndings.end())
      throw invalid_input(fmt::format(
          "{}: {} is no key of a LoRA; lora_down, lora_up and alpha, or lora_A and lora_B, are read", file,
          printable(key)));
    std::string module = key.substr(0, key.size() - ending->text.size());
    LoraLayer& layer = layers[module];
    layer.module = module;
    (ending->part == LoraFactor::down ? layer.down
     : ending->part == LoraFactor::up ? layer.up
                                      : layer.alpha) = key;
  }
  std::vector<LoraLayer> sorted;
  for (auto& [module, layer] : layers) {
    if (layer.down.empty() || layer.up.empty()) {
      const std::string& given = !layer.down.empty() ? layer.down
                                 : !layer.up.empty() ? layer.up
                                                     : layer.alpha;
      throw invalid_input(fmt::format("{}: {} has no {} beside it", file, printable(given),
                                      layer.down.empty() ? "lora_down" : "lora_up"));
    }
    sorted.push_back(std::move(layer));
  }
  return sorted;
}

std::set<std::string> bundled_words(const StoredTensors& tensors) {
  std::set<std::string> words;
  for (auto at = tensors.lower_bound(kBundledWord);
       at != tensors.end() && at->first.starts_with(kBundledWord); ++at) {
    const std::string word = at->first.substr(kBundledWord.size());
    words.insert(word.substr(0, word.find('.')));
  }
  return words;
}

LoraTargets::LoraTargets(const std::vector<std::string>& unet, const std::vector<std::string>& text_encoder) {
  constexpr std::string_view kWeight = ".weight", kTextModel = "text_model.";
  const auto add = [&](const std::vector<std::string>& names, const std::string& component,
                       const std::string& kohya) {
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
  };
  add(unet, "unet", "lora_unet_");
  add(text_encoder, "text_encoder", "lora_te_");
  add(text_encoder, "text_encoder", "lora_te1_");  // kohya's for SDXL's first, diffusers' for every model.
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
