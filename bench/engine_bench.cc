// Times one stage of our engine in a process of its own:
//   engine_bench MODEL f32|bf16|int8 text|unet|unguided|decode|picture SIZE REPEATS [--profile]
// SIZE is a picture's side in pixels; `unet` has batch 2, as guidance needs, `unguided` 1; `picture` is 20
// steps of DPM++ 2M. Prints one JSON object, as bench/peers.py does: seconds from the start of the process to
// the first call's end
// (`started`), of each further call, and the peak memory in GiB. --profile also writes seconds and GFLOP/s
// per operation, over all calls, to the error stream.

#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latentdial/pipeline.h"
#include "models/autoencoder.h"
#include "models/clip_text.h"
#include "models/unet.h"
#include "ops/cpu_backend.h"
#include "ops/profile.h"
#include "weights/checkpoint.h"

namespace {

using latentdial::detail::Tensor;
using Clock = std::chrono::steady_clock;
namespace models = latentdial::detail::models;
namespace ops = latentdial::detail::ops;

const auto kStart = Clock::now();

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Ordinary numbers of unit size: the values do not matter for time.
Tensor waves(latentdial::detail::Shape shape) {
  Tensor x = Tensor::empty(std::move(shape));
  float phase = 0;
  for (float& value : x.values()) value = (phase += 0.37f) > 1.0f ? phase -= 2.0f : phase;
  return x;
}

/// The largest resident set of this program; getrusage would count the process that started it as well.
double peak_gib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib / (1 << 20);
  }
  return 0;
}

/// Calls `first`, then `call` `repeats` times.
void report(const std::function<void()>& first, const std::function<void()>& call, int repeats) {
  first();
  nlohmann::json result = {{"started", seconds_since(kStart)}, {"seconds", nlohmann::json::array()}};
  for (int i = 0; i < repeats; ++i) {
    const auto start = Clock::now();
    call();
    result["seconds"].push_back(seconds_since(start));
  }
  result["peak_gib"] = peak_gib();
  std::printf("%s\n", result.dump().c_str());
}

void print(const std::vector<latentdial::OperationTime>& rows) {
  for (const auto& row : rows) {
    std::fprintf(stderr, "%8.3f s %5ld× %7.1f GFLOP/s  %s %s\n", row.seconds, static_cast<long>(row.calls),
                 row.flop / row.seconds * 1e-9, row.operation.c_str(), row.shapes.c_str());
  }
}

struct Arguments {
  std::string model, dtype, stage;
  int size, repeats, pictures;
  bool profile;
};

void time_picture(const Arguments& a) {
  const auto pipeline =
      latentdial::Pipeline::load({.model = a.model, .dtype = a.dtype, .threads = 0, .profile = a.profile});
  latentdial::Settings settings;
  settings.prompt = "a temple hidden in the jungle, Monet style";
  settings.sampler = "dpm++2m";
  settings.width = settings.height = a.size;
  const auto make = [&](int steps) {
    settings.steps = steps;
    (void)pipeline.generate(settings);
  };
  report([&] { make(1); }, [&] { make(20); }, a.repeats);
  print(pipeline.profile());
}

void time_model(const Arguments& a) {
  const auto profile = a.profile ? std::make_shared<ops::Profile>() : nullptr;
  const ops::BackendOptions options{
      .dtype = a.dtype == "f32" ? latentdial::detail::DType::f32 : latentdial::detail::DType::bf16,
      .int8 = a.dtype == "int8" && (a.stage == "unet" || a.stage == "unguided")};
  auto backend = ops::make_cpu_backend(options);
  if (profile) backend = ops::make_profiled_backend(std::move(backend), profile);
  const auto checkpoint = latentdial::detail::open_checkpoint(a.model);
  const auto vae = models::AutoencoderConfig::from_json(checkpoint.vae.config);
  const auto side = a.size / vae.downscale();
  const auto run = [&](const std::function<void()>& call) { report(call, call, a.repeats); };
  if (a.stage == "text") {
    const models::ClipText text({checkpoint.text_encoder.weights, backend.get()},
                                models::TextConfig::from_json(checkpoint.text_encoder.config));
    const std::vector<std::int32_t> ids(77, 320);
    run([&] {
      for (int prompt = 0; prompt < 2; ++prompt) (void)backend->to_host(text(ids));
    });
  } else if (a.stage == "decode") {
    const models::Decoder decoder({checkpoint.vae.weights, backend.get()}, vae);
    const Tensor latents = waves({1, side, side, vae.latent_channels});
    run([&] { (void)decoder(latents); });
  } else {
    const models::UNet unet({checkpoint.unet.weights, backend.get()},
                            models::UNetConfig::from_json(checkpoint.unet.config));
    const std::int64_t batch = (a.stage == "unet" ? 2 : 1) * a.pictures;
    const Tensor latents = backend->to_device(waves({batch, side, side, unet.config().in_channels}));
    const auto text =
        unet.project_tokens(backend->to_device(waves({batch, 77, unet.config().cross_attention_dim})));
    const auto time = unet.project_times(std::vector{500.0f}).front();
    run([&] { (void)backend->to_host(unet(latents, time, text)); });
  }
  if (profile) print(profile->rows());
}

std::optional<Arguments> read(std::vector<std::string> words) {
  const bool profile = !words.empty() && words.back() == "--profile";
  if (profile) words.pop_back();
  if (words.size() < 5 || words.size() > 6) return {};
  const int pictures = words.size() == 6 ? std::stoi(words[5]) : 1;
  return Arguments{words[0], words[1], words[2], std::stoi(words[3]), std::stoi(words[4]), pictures, profile};
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = read({argv + 1, argv + argc});
  if (!arguments) {
    std::fprintf(stderr,
                 "usage: engine_bench MODEL f32|bf16|int8 text|unet|unguided|decode|picture SIZE REPEATS "
                 "[PICTURES in a call of the U-Net] [--profile]\n");
    return 2;
  }
  try {
    arguments->stage == "picture" ? time_picture(*arguments) : time_model(*arguments);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "engine_bench: %s\n", error.what());
    return 1;
  }
}
