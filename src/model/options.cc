#include "model/options.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <utility>

#include "latentdial/error.h"
#include "latentdial/pipeline.h"
#include "latentdial/text.h"
#include "model/embedded_model.h"
#include "model/memory_limit.h"
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
  if (!read_number(number, scale) || !(std::abs(scale) <= kLargestLoraScale))
    throw invalid_input("lora", fmt::format("\"{}\" is not a scale from -{} to {}, as in FILE:0.8", number,
                                            kLargestLoraScale, kLargestLoraScale));
  return {text.substr(0, colon), scale};
}

}  // namespace

namespace detail {

ops::BackendOptions backend_options(const ModelOptions& options) {
  if (options.threads < 0 || options.threads > 1024) {
    throw invalid_input("threads",
                        fmt::format("{} is out of range, use 1 to 1024 (0: all cores)", options.threads));
  }
  if (!options.dtype.empty() && options.dtype != "f32" && options.dtype != "bf16" &&
      options.dtype != "int8") {
    throw invalid_input("dtype", fmt::format("\"{}\" is unknown; use f32, bf16 or int8", options.dtype));
  }
  const DType dtype = options.dtype.empty()    ? ops::fastest_cpu_dtype()
                      : options.dtype == "f32" ? DType::f32
                                               : DType::bf16;
  return {.dtype = dtype, .threads = options.threads};
}

ops::BackendOptions denoiser_options(const ModelOptions& options) {
  auto result = backend_options(options);
  result.int8 = options.dtype == "int8";
  return result;
}

Checkpoint open_model(const ModelOptions& options) {
  Checkpoint checkpoint =
      open_checkpoint(options.model.empty() ? find_embedded_model() : std::filesystem::path(options.model));
  for (const std::string& text : options.lora) {
    const auto [path, scale] = read_lora(text);
    checkpoint.loras.push_back(apply_lora(checkpoint, path, scale));
  }
  require_memory(checkpoint, denoiser_options(options));
  return checkpoint;
}

}  // namespace detail

std::string describe_device(const ModelOptions& options) {
  return ops::make_cpu_backend(denoiser_options(options))->description();
}

}  // namespace latentdial
