#include "model/model_info.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "diffusion/sampler.h"
#include "diffusion/schedule.h"
#include "latentdial/error.h"
#include "latentdial/inspect.h"
#include "model/memory_limit.h"
#include "model/model.h"
#include "model/open_model.h"
#include "models/config.h"
#include "tensor/hash.h"
#include "weights/sample_hash.h"
#include "weights/tiny_decoder_files.h"

namespace latentdial {

using namespace detail;
namespace {

constexpr std::size_t kDigitsInPictures = 10;  // As A1111 writes them.
constexpr double kUpscalersGuidance = 9;       // diffusers', as the next two.
constexpr double kGuidanceWithSummary = 5;
constexpr double kGuidanceWithReference = 10;

std::string digits(std::uint64_t hash) {
  return fmt::format("{:016x}", hash);
}

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

NoiseSchedule detail::schedule_of(const Checkpoint& checkpoint) {
  NoiseSchedule schedule = NoiseSchedule::from_json(checkpoint.scheduler_config);
  // What SDXL's U-Nets are told and others are not: sizes beside the text.
  if (checkpoint.unet.config.value("addition_embed_type", nlohmann::json()) == "text_time")
    schedule.aligned_steps = AlignedSteps::sdxl;
  return schedule;
}

ModelInfo detail::describe(const Checkpoint& checkpoint) {
  const auto text = models::TextConfig::from_json(checkpoint.text_encoder.config);
  const auto unet = models::UNetConfig::from_json(checkpoint.unet.config);
  const auto vae = models::AutoencoderConfig::from_json(checkpoint.vae.config);
  const auto schedule = schedule_of(checkpoint);
  ModelInfo info;
  info.notices = checkpoint.notices;
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
  const auto [sampler, notice] = default_sampler(schedule);
  info.sampler = sampler;
  info.scheduler = schedule.scheduler;
  if (!notice.empty()) info.notices.push_back(fmt::format("{}: {}", info.path, notice));
  info.inpaints = unet.in_channels == models::inpainting_channels(vae.latent_channels);
  info.width = info.height = static_cast<int>(unet.sample_size * vae.downscale());
  if (models::upscales(unet, vae)) {
    info.upscales_by = static_cast<int>(vae.downscale());
    info.max_noise_level = static_cast<int>(std::min(checkpoint.max_noise_level, unet.num_class_embeds - 1));
    info.guidance_scale = kUpscalersGuidance;
  }
  if (unet.pooled_text_dim > 0) info.guidance_scale = kGuidanceWithSummary;
  if (checkpoint.pictures) {
    info.takes_reference = true;
    info.max_noise_level =
        NoiseSchedule::from_json(checkpoint.pictures->image_noising_scheduler_config).num_train_timesteps - 1;
    info.guidance_scale = kGuidanceWithReference;
  }
  info.guidance_scale = checkpoint.defaults.value("guidance_scale", info.guidance_scale);
  info.example = checkpoint.defaults.value("example", nlohmann::json::object()).dump();
  info.max_tokens = static_cast<int>(text.max_position_embeddings);
  for (const Component* component : checkpoint.components())
    info.parameters += count_parameters(component->weights);
  return info;
}

void detail::complete(ModelInfo& info, const ModelOptions& options, const Checkpoint& checkpoint,
                      const std::vector<Tokenizer>& tokenizers, const LearntEmbeddings& learnt,
                      const ModelInfo* refiner, bool has_autoencoder) {
  add_embeddings(info, learnt);
  if (refiner != nullptr) info.refiner = refiner->name;
  if (!options.taesd.empty()) info.decoder = "TAESD";
  const auto memory = has_autoencoder ? weights_memory : least_memory;
  info.memory = memory(checkpoint, denoiser_options(options)) + (refiner != nullptr ? refiner->memory : 0);
  info.fingerprint = fingerprint_of(checkpoint, tokenizers);
  info.hash = model_hash(info.fingerprint, learnt, options.taesd, options.prediction,
                         refiner != nullptr ? refiner->fingerprint : "");
}

ModelInfo detail::describe_variant(const Checkpoint& checkpoint, const Model& base) {
  ModelInfo info = base.info;
  info.loras = describe(checkpoint).loras;
  info.fingerprint = fingerprint_of(checkpoint, base.tokenizers);
  for (const AppliedLora& lora : std::span(checkpoint.loras).subspan(base.info.loras.size()))
    for (const LearntEmbedding& one : lora.words)
      info.embeddings.push_back(
          {one.word, static_cast<int>(one.vectors.dim(0)), static_cast<int>(base.texts.states_width())});
  return info;
}

std::string detail::fingerprint_of(const Checkpoint& checkpoint, const std::vector<Tokenizer>& tokenizers) {
  std::uint64_t hash = kHashStart;
  for (const Tokenizer& tokenizer : tokenizers) hash = hash_text(hash, digits(tokenizer.hash()));
  for (const AppliedLora& lora : checkpoint.loras) {
    const std::array numbers{lora.hash, std::bit_cast<std::uint64_t>(lora.scale)};
    hash = hash_bytes(hash, std::as_bytes(std::span(numbers)));
  }
  for (const Component* component : checkpoint.components()) hash = hash_samples(hash, component->weights);
  return digits(hash);
}

std::string detail::model_hash(const std::string& fingerprint, const LearntEmbeddings& learnt,
                               const std::string& taesd, const std::string& prediction,
                               const std::string& refiner) {
  std::string all = fingerprint;
  if (!learnt.list.empty() || !taesd.empty() || !prediction.empty() || !refiner.empty()) {
    std::uint64_t hash = hash_text(kHashStart, fingerprint);
    for (const LearntWord& word : learnt.list)
      hash = hash_text(hash, fmt::format("{} {}\n", word.word, word.vectors));
    for (const LearntRows& rows : learnt.encoders)
      if (rows.vectors.defined()) hash = hash_bytes(hash, {rows.vectors.raw(), rows.vectors.bytes()});
    if (!taesd.empty()) hash = hash_samples(hash, open_tiny_decoder(taesd).weights);
    hash = hash_text(hash, prediction);
    hash = hash_text(hash, refiner);
    all = digits(hash);
  }
  return all.substr(0, kDigitsInPictures);
}

namespace {

ModelInfo inspect(const ModelOptions& options, bool has_autoencoder) {
  const Checkpoint checkpoint = open_model(options);
  const auto tokenizers = load_tokenizers(checkpoint);
  std::optional<ModelInfo> refiner;
  if (!options.refiner.empty()) refiner = inspect(refiner_options(options), false);
  ModelInfo info = describe(checkpoint);
  complete(info, options, checkpoint, tokenizers, load_embeddings(options.embedding, checkpoint, tokenizers),
           refiner ? &*refiner : nullptr, has_autoencoder);
  return info;
}

}  // namespace

ModelInfo inspect_options(const ModelOptions& options) {
  return inspect(options, true);
}

ModelInfo inspect_model(const std::string& path, const std::string& dtype) {
  const Checkpoint checkpoint = open_path(path);
  ModelInfo info = describe(checkpoint);
  info.memory = weights_memory(checkpoint, denoiser_options({.model = path, .dtype = dtype}));
  try {
    info.fingerprint = fingerprint_of(checkpoint, load_tokenizers(checkpoint));
    info.hash = model_hash(info.fingerprint, {}, "");
  } catch (const Error&) {  // Without its tokenizer a model makes no pictures, but can be looked at.
  }
  return info;
}

}  // namespace latentdial
