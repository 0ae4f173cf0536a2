#include "weights/lora.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

#include "latentdial/error.h"
#include "tensor/hash.h"
#include "text/words.h"
#include "weights/checkpoint_file.h"
#include "weights/lora_adapter.h"
#include "weights/lora_factors.h"
#include "weights/lora_family.h"
#include "weights/lora_keys.h"
#include "weights/lora_kinds.h"

namespace latentdial::detail {
namespace {

/// How wide the text is that a model's U-Net takes; 0 where its config does not say.
std::int64_t text_width(const Checkpoint& checkpoint) {
  const auto& config = checkpoint.unet.config;
  const auto found = config.find("cross_attention_dim");
  return found == config.end() || !found->is_number_integer() ? 0 : found->get<std::int64_t>();
}

std::int64_t token_width(const Checkpoint& checkpoint) {
  return checkpoint.text_encoder.weights.shape("text_model.embeddings.token_embedding.weight").back();
}

const Component& component_of(const Checkpoint& checkpoint, std::string_view name) {
  if (name == "unet") return checkpoint.unet;
  return name == "text_encoder" ? checkpoint.text_encoder : *checkpoint.text_encoder_2;
}

/// The layer's bias, which a LoRA changes too.
std::string bias_of(const std::string& file, const Weights& weights, const LoraTarget& target,
                    const LoraLayer& layer) {
  std::string bias = target.weight.substr(0, target.weight.size() - std::string_view("weight").size());
  bias += "bias";
  if (weights.has(bias)) return bias;
  throw invalid_input(fmt::format("{}: {} changes a bias, but the model's layer has none", file,
                                  printable(layer.keys.at("diff_b"))));
}

}  // namespace

AppliedLora apply_lora(const Checkpoint& checkpoint, const std::filesystem::path& path, double scale) {
  const std::string name = path.string();
  const CheckpointFile file = read_checkpoint_file(path);
  const std::vector<LoraLayer> layers = sort_lora_keys(name, file.tensors);
  require_family(name, checkpoint.path.string(), text_width(checkpoint), layers, file.tensors, file.metadata);
  const LoraAdapter adapter(path, file.metadata);
  const auto& second = checkpoint.text_encoder_2;
  const LoraTargets targets(checkpoint.unet.weights.names(), checkpoint.text_encoder.weights.names(),
                            second ? second->weights.names() : std::vector<std::string>());
  AppliedLora applied{
      .name = path.stem().string(), .scale = scale, .layers = 0, .applied = 0, .hash = kHashStart};
  std::string missed;
  for (const LoraLayer& layer : layers) {
    ++applied.layers;
    const LoraTarget target = targets.find(layer.module);
    if (target.weight.empty()) {
      missed = layer.module;
      continue;
    }
    const Weights& weights = component_of(checkpoint, target.component).weights;
    LoraFactors factors(name, file.tensors, layer, weights.shape(target.weight), applied.hash);
    LoraChange change =
        read_lora_change(layer.kind, factors, scale, adapter.scaling(target.component, layer.module));
    if (change.weight) weights.add(target.weight, std::move(change.weight));
    if (change.bias) weights.add(bias_of(name, weights, target, layer), std::move(change.bias));
    applied.hash = factors.hash();
    ++applied.applied;
  }
  if (applied.applied == 0)
    throw invalid_input(fmt::format("{}: none of its {} layers is one of {}'s{}", name, applied.layers,
                                    checkpoint.path.string(),
                                    missed.empty() ? "" : ", such as " + printable(missed)));
  const auto word = file.tensors.lower_bound(kBundledWord);
  if (word != file.tensors.end() && word->first.starts_with(kBundledWord))
    applied.words = read_bundled_words(name, file.tensors, token_width(checkpoint));
  return applied;
}

}  // namespace latentdial::detail
