// A whole run of the U-Net with a LoRA, for parity checks of the latents: pictures have but eight bits.
//
//   denoise MODEL LORA SCALE FOLDER
//
// FOLDER/request.json: {"sampler": …, "steps": n, "guidance_scale": x, "seed": n, "latents": [1,h,w,C],
// "text_states": [1,T,C]}, the last two shapes; FOLDER/text.f32 and FOLDER/negative.f32 are the prompts'
// states, raw little-endian f32. Computes in f32 and writes the last latents to FOLDER/latents.f32,
// channels-last.

#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "denoise/denoising.h"
#include "denoise/prompted_denoiser.h"
#include "dial/conditioning.h"
#include "diffusion/random.h"
#include "diffusion/sampler.h"
#include "models/unet.h"
#include "ops/cpu_backend.h"
#include "tools/tensor_files.h"
#include "weights/checkpoint.h"
#include "weights/lora.h"

namespace {

using latentdial::detail::read_tensor;
using latentdial::detail::Tensor;
using latentdial::detail::write_tensor;
using nlohmann::json;
namespace fs = std::filesystem;

/// The picture of the request before its first step.
latentdial::detail::Denoising start(const json& request, const json& scheduler_config,
                                    const fs::path& folder) {
  const latentdial::detail::ClassifierFreeGuidance guidance = {
      .negative = read_tensor(folder / "negative.f32", request.at("text_states")),
      .scale = request.at("guidance_scale")};
  auto sampler = latentdial::detail::make_sampler(
      request.at("sampler"), "normal", latentdial::detail::NoiseSchedule::from_json(scheduler_config),
      request.at("steps"));
  latentdial::detail::TorchGenerator generator(request.at("seed").get<std::uint64_t>());
  Tensor latents = generator.randn_nhwc(request.at("latents").get<latentdial::detail::Shape>());
  for (float& value : latents.values()) value *= sampler->init_noise_sigma();
  return {guidance.condition(read_tensor(folder / "text.f32", request.at("text_states"))), std::move(sampler),
          generator, latents};
}

void run(const fs::path& model, const fs::path& lora, double scale, const fs::path& folder) {
  const auto request = json::parse(std::ifstream(folder / "request.json"));
  auto checkpoint = latentdial::detail::open_checkpoint(model);
  checkpoint.loras.push_back(latentdial::detail::apply_lora(checkpoint, lora, scale));
  const auto ops = latentdial::detail::ops::make_cpu_backend({.dtype = latentdial::detail::DType::f32});
  const latentdial::detail::models::UNet unet(
      {checkpoint.unet.weights, ops.get()},
      latentdial::detail::models::UNetConfig::from_json(checkpoint.unet.config));
  latentdial::detail::PromptedDenoiser prompted(unet, *ops);
  std::vector<latentdial::detail::Denoising> runs;
  runs.push_back(start(request, checkpoint.scheduler_config, folder));
  latentdial::detail::denoise(prompted, runs, runs.front().sampler->evaluations(), {}, {});
  write_tensor(folder / "latents.f32", runs.front().latents);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: denoise MODEL LORA SCALE FOLDER\n";
    return 2;
  }
  try {
    run(argv[1], argv[2], std::stod(argv[3]), argv[4]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
  return 0;
}
