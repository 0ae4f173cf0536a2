#include "model/model_info.h"

#include <fmt/format.h>

#include <filesystem>

#include "diffusion/sampler.h"
#include "diffusion/schedule.h"
#include "latentdial/error.h"
#include "model/embedded_model.h"
#include "model/fingerprint.h"
#include "model/load_tokenizer.h"
#include "models/config.h"

namespace latentdial {

using namespace detail;
namespace {

std::string model_name(const std::filesystem::path& path) {
  const auto trimmed = path.has_filename() ? path : path.parent_path();
  return std::filesystem::is_directory(path) ? trimmed.filename().string() : trimmed.stem().string();
}

std::int64_t count_parameters(const Weights& weights) {
  std::int64_t sum = 0;
  for (const auto& name : weights.unused()) sum += element_count(weights.shape(name));
  return sum;
}

}  // namespace

namespace detail {

ModelInfo describe(const Checkpoint& checkpoint) {
  const auto text = models::TextConfig::from_json(checkpoint.text_encoder.config);
  const auto unet = models::UNetConfig::from_json(checkpoint.unet.config);
  const auto vae = models::AutoencoderConfig::from_json(checkpoint.vae.config);
  const auto schedule = NoiseSchedule::from_json(checkpoint.scheduler_config);
  ModelInfo info;
  info.name = model_name(checkpoint.path);
  for (const AppliedLora& lora : checkpoint.loras) {
    info.name += fmt::format("+{}:{}", lora.name, lora.scale);
    info.loras.push_back(
        fmt::format("{} x {}: {} of {} layers applied", lora.name, lora.scale, lora.applied, lora.layers));
  }
  info.path = checkpoint.path.string();
  info.format = checkpoint.format;
  info.prediction = schedule.prediction_type == PredictionType::epsilon        ? "epsilon"
                    : schedule.prediction_type == PredictionType::v_prediction ? "v_prediction"
                                                                               : "sample";
  info.sampler = schedule.class_name.empty() ? "pndm" : sampler_for_class(schedule.class_name);
  info.width = info.height = static_cast<int>(unet.sample_size * vae.downscale());
  info.max_tokens = static_cast<int>(text.max_position_embeddings);
  info.parameters = count_parameters(checkpoint.text_encoder.weights) +
                    count_parameters(checkpoint.unet.weights) + count_parameters(checkpoint.vae.weights);
  return info;
}

}  // namespace detail

ModelInfo inspect_model(const std::string& path) {
  const Checkpoint checkpoint =
      open_checkpoint(path.empty() ? find_embedded_model() : std::filesystem::path(path));
  ModelInfo info = describe(checkpoint);
  try {
    info.fingerprint = fingerprint_of(checkpoint, load_tokenizer(checkpoint));
    info.hash = model_hash(info.fingerprint, {}, "");
  } catch (const Error&) {  // Without its tokenizer a model makes no pictures, but can be looked at.
  }
  return info;
}

}  // namespace latentdial
