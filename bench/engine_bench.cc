// Times one stage of a model: engine_bench MODEL f32|bf16|int8 unet|decode HEIGHT WIDTH REPEATS [--profile]
// HEIGHT and WIDTH are in pixels. Prints one JSON object: seconds of loading, of the first call and of each
// further one. --profile also writes seconds and GFLOP/s per operation, over all calls, to the error stream.

#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/autoencoder.h"
#include "models/unet.h"
#include "ops/ops.h"
#include "ops/profile.h"
#include "weights/checkpoint.h"

namespace {

using latentdial::Tensor;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A smooth field of unit size: the values do not matter for time as long as they are ordinary numbers.
Tensor waves(latentdial::Shape shape) {
  Tensor x = Tensor::empty(std::move(shape));
  float phase = 0;
  for (float& value : x.values()) value = (phase += 0.37f) > 1.0f ? phase -= 2.0f : phase;
  return x;
}

void report(double load, const std::function<void()>& call, int repeats, const std::string& device) {
  nlohmann::json result = {{"load", load}, {"device", device}, {"seconds", nlohmann::json::array()}};
  auto start = Clock::now();
  call();
  result["first"] = seconds_since(start);
  for (int i = 0; i < repeats; ++i) {
    start = Clock::now();
    call();
    result["seconds"].push_back(seconds_since(start));
  }
  std::printf("%s\n", result.dump().c_str());
}

void print(const latentdial::ops::Profile& profile) {
  for (const auto& row : profile.rows()) {
    std::fprintf(stderr, "%8.3f s %5ld× %7.1f GFLOP/s  %s %s\n", row.seconds, static_cast<long>(row.calls),
                 row.flop / row.seconds * 1e-9, row.operation.c_str(), row.shapes.c_str());
  }
}

void run(const std::string& model, const std::string& dtype, const std::string& stage, std::int64_t height,
         std::int64_t width, int repeats, const std::shared_ptr<latentdial::ops::Profile>& profile) {
  namespace models = latentdial::models;
  const auto start = Clock::now();
  auto ops = latentdial::ops::make_cpu_backend(
      {.dtype = dtype == "f32" ? latentdial::DType::f32 : latentdial::DType::bf16, .int8 = dtype == "int8"});
  if (profile) ops = latentdial::ops::make_profiled_backend(std::move(ops), profile);
  const auto checkpoint = latentdial::open_checkpoint(model);
  const auto vae = models::AutoencoderConfig::from_json(checkpoint.vae.config);
  const auto h = height / vae.downscale(), w = width / vae.downscale();
  if (stage == "decode") {
    const models::Decoder decoder({checkpoint.vae.weights, ops.get()}, vae);
    const Tensor latents = waves({1, h, w, vae.latent_channels});
    report(
        seconds_since(start), [&] { (void)decoder(latents); }, repeats, ops->description());
    return;
  }
  const models::UNet unet({checkpoint.unet.weights, ops.get()},
                          models::UNetConfig::from_json(checkpoint.unet.config));
  const Tensor latents = ops->to_device(waves({2, h, w, unet.config().in_channels}));
  const auto text = unet.project_text(ops->to_device(waves({2, 77, unet.config().cross_attention_dim})));
  report(
      seconds_since(start), [&] { (void)ops->to_host(unet(latents, 500, text)); }, repeats,
      ops->description());
}

}  // namespace

int main(int argc, char** argv) {
  const bool profiled = argc == 8 && std::string(argv[7]) == "--profile";
  if (argc != 7 && !profiled) {
    std::fprintf(stderr,
                 "usage: engine_bench MODEL f32|bf16|int8 unet|decode HEIGHT WIDTH REPEATS [--profile]\n");
    return 2;
  }
  try {
    const auto profile = profiled ? std::make_shared<latentdial::ops::Profile>() : nullptr;
    run(argv[1], argv[2], argv[3], std::stoll(argv[4]), std::stoll(argv[5]), std::stoi(argv[6]), profile);
    if (profile) print(*profile);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "engine_bench: %s\n", error.what());
    return 1;
  }
}
