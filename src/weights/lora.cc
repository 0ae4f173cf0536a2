#include "weights/lora.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "files/json_file.h"
#include "latentdial/error.h"
#include "tensor/hash.h"
#include "text/words.h"
#include "weights/checkpoint_file.h"
#include "weights/lora_keys.h"

namespace latentdial::detail {
namespace {

/// What PEFT leaves out of its tensors and diffusers writes beside them; null where there is nothing to read.
nlohmann::json adapter_config(const std::map<std::string, std::string>& metadata) {
  const auto found = metadata.find("lora_adapter_metadata");
  if (found == metadata.end()) return nullptr;
  return try_parse_json<nlohmann::json>(found->second, kConfigLimits).value_or(nullptr);
}

class LoraFile {
 public:
  explicit LoraFile(const std::filesystem::path& path)
      : path_(path.string()),
        file_(read_checkpoint_file(path)),
        adapter_config_(adapter_config(file_.metadata)) {}

  [[nodiscard]] std::vector<LoraLayer> layers() const { return sort_lora_keys(path_, file_.tensors); }
  [[nodiscard]] std::set<std::string> words() const { return bundled_words(file_.tensors); }
  /// down and up as matrices, [rank, in …] and [out, rank], fitted to the layer's own shape.
  [[nodiscard]] LowRank read(const LoraLayer& layer, const std::string& component, const Shape& target,
                             double scale) const {
    Tensor down = read(layer.down), up = read(layer.up);
    const std::int64_t rank = down.shape().empty() ? 0 : down.shape()[0];
    const std::int64_t inputs = element_count(target) / std::max<std::int64_t>(1, target[0]);
    if (rank < 1 || element_count(down.shape()) != rank * inputs)
      throw unfit(layer.down, down.shape(), fmt::format("[rank, {} in all]", inputs));
    if (element_count(up.shape()) != target[0] * rank)
      throw unfit(layer.up, up.shape(), fmt::format("[{}, {}]", target[0], rank));
    const double alpha = alpha_of(layer, component).value_or(static_cast<double>(rank));
    return {.down = std::move(down),
            .up = std::move(up),
            .rank = rank,
            .scale = static_cast<float>(scale * alpha / static_cast<double>(rank))};
  }

 private:
  [[nodiscard]] Tensor read(const std::string& key) const {
    return read_finite(path_, key, file_.tensors.at(key), "weight");
  }
  [[nodiscard]] std::optional<double> alpha_of(const LoraLayer& layer, const std::string& component) const {
    if (layer.alpha.empty()) {
      const auto found = adapter_config_.find(component + ".lora_alpha");
      if (found == adapter_config_.end() || !found->is_number()) return std::nullopt;
      return found->get<double>();
    }
    const Tensor alpha = read(layer.alpha);
    if (element_count(alpha.shape()) != 1) throw unfit(layer.alpha, alpha.shape(), "[]");
    return std::as_const(alpha).values()[0];
  }
  [[nodiscard]] Error unfit(const std::string& key, const Shape& found, const std::string& needed) const {
    return invalid_input(fmt::format("{}: {} has shape {} where {} is needed", path_, printable(key),
                                     to_string(found), needed));
  }

  std::string path_;
  CheckpointFile file_;
  nlohmann::json adapter_config_;
};

}  // namespace

AppliedLora apply_lora(const Checkpoint& checkpoint, const std::filesystem::path& path, double scale) {
  const LoraFile file(path);
  const LoraTargets targets(checkpoint.unet.weights.names(), checkpoint.text_encoder.weights.names());
  AppliedLora applied{.name = path.stem().string(),
                      .scale = scale,
                      .layers = 0,
                      .applied = 0,
                      .hash = kHashStart,
                      .left_out_words = {}};
  applied.left_out_words = file.words();
  std::string missed;
  for (const LoraLayer& layer : file.layers()) {
    ++applied.layers;
    const LoraTarget target = targets.find(layer.module);
    if (target.weight.empty()) {
      missed = layer.module;
      continue;
    }
    const Weights& weights =
        target.component == "unet" ? checkpoint.unet.weights : checkpoint.text_encoder.weights;
    LowRank change = file.read(layer, target.component, weights.shape(target.weight), scale);
    for (const Tensor* factor : {&change.down, &change.up})
      applied.hash = hash_bytes(applied.hash, {factor->raw(), factor->bytes()});
    weights.add(target.weight, std::move(change));
    ++applied.applied;
  }
  if (applied.applied == 0)
    throw invalid_input(fmt::format("{}: none of its {} layers is one of {}'s{}", path.string(),
                                    applied.layers, checkpoint.path.string(),
                                    missed.empty() ? "" : ", such as " + printable(missed)));
  return applied;
}

}  // namespace latentdial::detail
