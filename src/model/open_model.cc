#include "model/open_model.h"

#include <cmath>
#include <filesystem>
#include <utility>

#include "files/data_files.h"
#include "latentdial/error.h"
#include "latentdial/layer_multiplier.h"
#include "latentdial/pipeline.h"
#include "latentdial/text.h"
#include "model/memory_limit.h"
#include "model/tuned_cpu.h"
#include "models/config.h"
#include "prompt/standard_vocabulary.h"
#include "text/require.h"
#include "weights/lora.h"

namespace latentdial {

using namespace detail;
namespace {

constexpr double kLargestLoraScale = 100;

/// "FILE:0.8" → FILE and 0.8; a file whose own name ends like that is taken whole.
std::pair<std::filesystem::path, double> read_lora(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || std::filesystem::exists(text)) return {text, 1};
  const std::string number = text.substr(colon + 1);
  double scale = 0;
  require(read_number(number, scale) && std::abs(scale) <= kLargestLoraScale, "lora",
          "\"{}\" is not a scale from -{} to {}, as in FILE:0.8", number, kLargestLoraScale,
          kLargestLoraScale);
  return {text.substr(0, colon), scale};
}

std::filesystem::path find_embedded_model() {
  if (const auto scenes = environment("LATENTDIAL_SCENES")) return *scenes;
  if (const auto models = environment("LATENTDIAL_MODELS")) return std::filesystem::path(*models) / "scenes";
  if (const auto index = find_data_file("scenes/model_index.json")) return index->parent_path();
  throw invalid_input("model",
                      "the embedded one is not installed: name another, or set LATENTDIAL_MODELS to the "
                      "folder that holds scenes/");
}

Tokenizer load_tokenizer(const std::filesystem::path& folder, const Component& text_encoder) {
  if (!folder.empty()) return Tokenizer::from_folder(folder);
  // OpenCLIP's encoders, SD 2's and SDXL's second, were trained with "!", id 0, as padding.
  const auto config = models::TextConfig::from_json(text_encoder.config);
  const bool open_clip = config.hidden_act == ops::Activation::gelu;
  return Tokenizer::standard_clip(find_standard_vocabulary(), open_clip ? "!" : "<|endoftext|>");
}

void check_threads(int threads) {
  require(threads >= 0 && threads <= 1024, "threads", "{} is out of range, use 1 to 1024 (0: all cores)",
          threads);
}

}  // namespace

ops::BackendOptions detail::backend_options(const ModelOptions& options) {
  check_threads(options.threads);
  const std::string& name = options.dtype;
  require(name.empty() || name == "f32" || name == "bf16" || name == "int8", "dtype",
          "\"{}\" is unknown; use f32, bf16 or int8", name);
  const DType dtype = name.empty() ? ops::fastest_cpu_dtype() : name == "f32" ? DType::f32 : DType::bf16;
  return {.dtype = dtype, .threads = options.threads, .measured = read_tuned_cpu()};
}

ops::BackendOptions detail::denoiser_options(const ModelOptions& options) {
  auto result = backend_options(options);
  result.int8 = options.dtype == "int8";
  return result;
}

ModelOptions detail::refiner_options(const ModelOptions& options) {
  return {.model = options.refiner,
          .embedding = options.embedding,
          .dtype = options.dtype,
          .threads = options.threads};
}

Checkpoint detail::open_path(const std::string& path, const Parts& parts) {
  return open_checkpoint(path.empty() ? find_embedded_model() : std::filesystem::path(path), parts);
}

Checkpoint detail::open_model(const ModelOptions& options) {
  require(options.lora_dir.empty() || std::filesystem::is_directory(options.lora_dir), "lora_dir",
          "{} is not a folder", options.lora_dir);
  const std::string& prediction = options.prediction;
  require(
      prediction.empty() || prediction == "epsilon" || prediction == "v_prediction" || prediction == "sample",
      "prediction", "\"{}\" is unknown; use epsilon, v_prediction or sample", prediction);
  Checkpoint checkpoint =
      open_path(options.model, {.unet = options.unet, .vae = options.vae, .prediction = prediction});
  for (const std::string& text : options.lora) {
    const auto [path, scale] = read_lora(text);
    checkpoint.loras.push_back(apply_lora(checkpoint, path, scale));
  }
  require_memory(checkpoint, denoiser_options(options));
  return checkpoint;
}

std::vector<Tokenizer> detail::load_tokenizers(const Checkpoint& checkpoint) {
  std::vector<Tokenizer> tokenizers = {load_tokenizer(checkpoint.tokenizer_dir, checkpoint.text_encoder)};
  if (checkpoint.text_encoder_2)
    tokenizers.push_back(load_tokenizer(checkpoint.tokenizer_2_dir, *checkpoint.text_encoder_2));
  return tokenizers;
}

std::vector<LayerMultiplier> list_multipliers(const ModelOptions& options) {
  return ops::cpu_multipliers(denoiser_options(options));
}

std::vector<LayerMultiplier> tune_multipliers(const ModelOptions& options) {
  check_threads(options.threads);
  auto measured = ops::measure_multipliers(options.threads);
  write_tuned_cpu(measured);
  return measured;
}

std::string describe_device(const ModelOptions& options) {
  return ops::make_cpu_backend(denoiser_options(options))->description();
}

}  // namespace latentdial
